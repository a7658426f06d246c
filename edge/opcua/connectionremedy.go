package opcua

import "github.com/shopfloor-iiot/shopfloor/model"

// connectionRemedy is what to do about a failure where its text does not say so already.
func connectionRemedy(reason model.ConnectionReason) string {
	switch reason {
	case model.ReasonNotReachable:
		return "Check that the server runs, its port, and the firewalls between the gateway and it."
	case model.ReasonHostUnknown:
		return "Correct the host in the endpoint URL, give its IP address, or set the gateway's name server right."
	case model.ReasonNoAnswer:
		return "Check the address, the network and the load of the server."
	case model.ReasonConnectionClosed:
		return "Look into the server's log for why it closed the connection; it may not trust the gateway's certificate."
	case model.ReasonNotOPCUA:
		return "Give the port of the OPC UA server; another protocol answers at this one."
	case model.ReasonEndpointNotOffered:
		return "Choose a security mode and policy that the server offers, or enable the wanted ones at the server."
	case model.ReasonCertificateUntrusted:
		return "Compare the thumbprint with the machine's own display, then trust it with the mutation trustServerCertificate or trustedThumbprints."
	case model.ReasonCertificateInvalid:
		return "Have the server's certificate renewed with its application URI and a validity that covers today, and set the clocks right."
	case model.ReasonCertificateRefused:
		return "Trust the gateway's certificate at the server: move it from the server's rejected to its trusted certificates."
	case model.ReasonUserRefused:
		return "Check the user name and the password, or whether the server takes anonymous sessions."
	case model.ReasonTooManySessions:
		return "Close other clients of the server, or raise its limit of sessions."
	case model.ReasonServerHalted:
		return "Start the server's application; its state has to be Running."
	case model.ReasonBusy:
		return "Wait, and look after the load of the server."
	case model.ReasonConfiguration:
		return "Correct what the detail names."
	}
	return ""
}
