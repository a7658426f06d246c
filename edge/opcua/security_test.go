package opcua

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/shopfloor-iiot/shopfloor/edge/opcua/opcuatest"
	"github.com/shopfloor-iiot/shopfloor/model"
)

func TestSecurity(t *testing.T) {
	s := opcuatest.Start(t, opcuatest.Options{})
	s.Trust(identity(t).CertificateDER())
	for _, mode := range []model.SecurityMode{model.SecuritySign, model.SecuritySignAndEncrypt} {
		for _, policy := range policies[1:] {
			t.Run(fmt.Sprint(mode, "/", policy), func(t *testing.T) { testSecured(t, s, mode, policy) })
		}
	}
	t.Run("None", func(t *testing.T) {
		source := run(t, secure(t, s, model.SecurityNone, "view", "view-pass"))
		connected(t, source)
		w, err := source.Write(t.Context(), []model.WriteValue{{NodeID: plant("OperatorOnlyWrite"), Value: []byte("1")}})
		if err != nil || w[0].Status != model.StatusBadUserAccessDenied {
			t.Errorf("write as observer: %+v, %v", w, err)
		}
	})
	t.Run("NoneWithoutIdentity", func(t *testing.T) { // the password is encrypted all the same
		c := secure(t, s, model.SecurityNone, "view", "view-pass")
		c.Identity = nil
		connected(t, run(t, c))
	})
	t.Run("Best", func(t *testing.T) {
		source := run(t, secure(t, s, model.SecurityBest, "", ""))
		connected(t, source)
		if st := source.Status(); st.SecurityMode != model.SecuritySignAndEncrypt || st.SecurityPolicy != "Aes256_Sha256_RsaPss" {
			t.Errorf("status is %+v", st)
		}
	})
	t.Run("PinnedServer", func(t *testing.T) {
		c := secure(t, s, model.SecuritySignAndEncrypt, "", "")
		c.Trust, c.Server.TrustedThumbprints = nil, []string{strings.ToUpper(Thumbprint(s.CertificateDER()))}
		connected(t, run(t, c))
	})
	t.Run("WrongPassword", func(t *testing.T) {
		refused(t, run(t, secure(t, s, model.SecuritySignAndEncrypt, "op", "wrong")), `the server refuses user "op"`, "check user name and password")
	})
	t.Run("UntrustedServer", func(t *testing.T) { testUntrustedServer(t, s) })
	t.Run("UntrustedClient", func(t *testing.T) {
		c := secure(t, s, model.SecuritySignAndEncrypt, "", "")
		stranger, err := LoadIdentity(t.TempDir(), "urn:shopfloor:stranger")
		if err != nil {
			t.Fatal(err)
		}
		c.Identity = stranger
		refused(t, run(t, c), "refuses the gateway's certificate", Thumbprint(stranger.CertificateDER()), stranger.Path())
	})
}

// secure connects with a trusted identity to a trusted server.
func secure(t *testing.T, s *opcuatest.Server, mode model.SecurityMode, user, password string) Config {
	c := config(s.Endpoint(), &recorder{})
	c.Server.SecurityMode, c.Server.UserName, c.Password = mode, user, password
	c.Identity, c.Trust = identity(t), trusting(t, s)
	return c
}

func testSecured(t *testing.T, s *opcuatest.Server, mode model.SecurityMode, policy string) {
	c := secure(t, s, mode, "op", "op-pass")
	c.Server.SecurityPolicy = policy
	source := run(t, c)
	connected(t, source)
	if st := source.Status(); st.SecurityMode != mode || st.SecurityPolicy != policy || st.Thumbprint != Thumbprint(s.CertificateDER()) || st.ApplicationURI != plantURI {
		t.Errorf("status is %+v", st)
	}
	if r := read(t, source, value("V0"))[0]; r.Status != 0 {
		t.Errorf("read V0: %v", r.Status)
	}
	w, err := source.Write(t.Context(), []model.WriteValue{{NodeID: plant("OperatorOnlyWrite"), Value: []byte("1")}})
	if err != nil || w[0].Status != 0 {
		t.Errorf("write as operator: %+v, %v", w, err)
	}
}

func testUntrustedServer(t *testing.T, s *opcuatest.Server) {
	c := secure(t, s, model.SecuritySignAndEncrypt, "", "")
	dir := t.TempDir()
	list, err := NewTrustList(dir)
	if err != nil {
		t.Fatal(err)
	}
	c.Trust = list
	source := run(t, c)
	thumbprint := Thumbprint(s.CertificateDER())
	rejected := filepath.Join(dir, "rejected", thumbprint+".der")
	refused(t, source, "SHA-1 thumbprint "+thumbprint+") is not trusted", "trustServerCertificate", rejected, s.Endpoint())
	if st := source.Status(); st.Thumbprint != thumbprint {
		t.Errorf("the status does not show the thumbprint: %+v", st)
	}
	if b, err := os.ReadFile(rejected); err != nil || string(b) != string(s.CertificateDER()) {
		t.Errorf("the refused certificate was not saved: %v", err)
	}
}

// refused waits until the source is refused and checks that the reason has all the parts.
func refused(t *testing.T, s *Source, parts ...string) {
	t.Helper()
	eventually(t, 15*time.Second, func() bool { return s.Status().State == model.StateRefused }, func() string { return fmt.Sprintf("refused: %+v", s.Status()) })
	for _, p := range parts {
		if !strings.Contains(s.Status().Error, p) {
			t.Errorf("error is %q, want %q in it", s.Status().Error, p)
		}
	}
}
