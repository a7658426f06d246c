package opcua

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"syscall"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// reasonOf tells the kind of an error for which there is no connection.
func reasonOf(err error) model.ConnectionReason {
	var refused *refusedError
	var dns *net.DNSError
	switch {
	case errors.As(err, &refused):
		return refused.reason
	case errors.As(err, &dns):
		return model.ReasonHostUnknown
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return model.ReasonNotReachable
	}
	if reason, ok := statusReasons(statusOf(err, 0)); ok {
		return reason
	}
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return model.ReasonNoAnswer
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed):
		return model.ReasonConnectionClosed
	}
	return model.ReasonOther
}

func statusReasons(status model.StatusCode) (model.ConnectionReason, bool) {
	switch status {
	case model.StatusBadTooManySessions, model.StatusBadMaxConnectionsReached, model.StatusBadTcpNotEnoughResources:
		return model.ReasonTooManySessions, true
	case model.StatusBadServerHalted, model.StatusBadShutdown:
		return model.ReasonServerHalted, true
	case model.StatusBadTcpServerTooBusy, model.StatusBadOutOfMemory, model.StatusBadResourceUnavailable:
		return model.ReasonBusy, true
	case model.StatusBadUserAccessDenied, model.StatusBadIdentityTokenInvalid, model.StatusBadIdentityTokenRejected, model.StatusBadUserSignatureInvalid:
		return model.ReasonUserRefused, true
	case model.StatusBadSecurityChecksFailed, model.StatusBadCertificateUntrusted, model.StatusBadCertificateInvalid:
		return model.ReasonCertificateRefused, true
	case model.StatusBadSecurityModeRejected, model.StatusBadSecurityPolicyRejected, model.StatusBadTcpEndpointUrlInvalid:
		return model.ReasonEndpointNotOffered, true
	case model.StatusBadTcpMessageTypeInvalid, model.StatusBadProtocolVersionUnsupported:
		return model.ReasonNotOPCUA, true
	case model.StatusBadTimeout, model.StatusBadRequestTimeout:
		return model.ReasonNoAnswer, true
	case model.StatusBadConnectionClosed, model.StatusBadSecureChannelClosed, model.StatusBadSecureChannelIdInvalid, model.StatusBadSecureChannelTokenUnknown,
		model.StatusBadSessionClosed, model.StatusBadSessionIdInvalid, model.StatusBadTcpSecureChannelUnknown:
		return model.ReasonConnectionClosed, true
	}
	return "", false
}
