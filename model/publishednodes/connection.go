package publishednodes

import (
	"cmp"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// Connection is a server that the file names: its record without SealedPassword, and the password beside it.
type Connection struct {
	model.Server
	// Password is in clear text; nil when the file has none, and then what is stored stays.
	Password *string `json:"-"`
	// KeepUser tells that the file does not say as whom to log in, so that what is stored stays.
	KeepUser bool
	// Entry is the index of the entry that named it first.
	Entry int
}

// identity tells connections apart: entries with the same one share a server.
type identity struct {
	address  string // host:port/path, lower case
	mode     model.SecurityMode
	policy   string
	user     string
	keepUser bool
	reverse  bool
}

func identityOf(s *model.Server, keepUser bool) identity {
	i := identity{
		address: address(s.EndpointURL), mode: cmp.Or(s.SecurityMode, model.SecurityBest), policy: s.SecurityPolicy, user: s.UserName,
		keepUser: keepUser, reverse: s.ReverseConnect,
	}
	if keepUser {
		i.user = ""
	}
	return i
}

// address brings an endpoint's URL into a form in which the same server is the same text.
func address(endpoint string) string {
	u, err := url.Parse(endpoint)
	if err != nil {
		return endpoint
	}
	return strings.ToLower(net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), "4840"))) + strings.TrimRight(u.EscapedPath(), "/")
}

// connection makes a Connection of what an entry says; without an id yet.
func (e *entry) connection(at *place) Connection {
	c := Connection{Entry: at.entry, Server: model.Server{EndpointURL: strings.TrimSpace(e.endpointURL), ReverseConnect: e.reverseConnect}}
	if problem := checkEndpoint(c.EndpointURL); problem != nil {
		at.report("EndpointUrl", nil, problem)
		return c
	}
	c.SecurityMode, c.SecurityPolicy = e.security(at)
	e.user(&c, at)
	return c
}

func checkEndpoint(s string) *complaint {
	const remedy = "write opc.tcp://host:4840 or opc.tcp://host:4840/path"
	if s == "" {
		return wrong("is missing", remedy)
	}
	u, err := url.Parse(s)
	if err != nil || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return wrong(fmt.Sprintf("%.80q is no address of a server", s), remedy)
	}
	if !strings.EqualFold(u.Scheme, "opc.tcp") {
		return wrong(fmt.Sprintf("%.80q uses %s, which is not supported", s, u.Scheme), remedy)
	}
	if n, err := strconv.ParseUint(cmp.Or(u.Port(), "4840"), 10, 16); err != nil || n == 0 {
		return wrong(fmt.Sprintf("%.80q has no port between 1 and 65535", s), remedy)
	}
	return nil
}

const policyPrefix = "http://opcfoundation.org/UA/SecurityPolicy#"

// securePolicies are those that the platform uses.
var securePolicies = []string{"Basic256Sha256", "Aes128_Sha256_RsaOaep", "Aes256_Sha256_RsaPss"}

// security makes mode and policy of UseSecurity, EndpointSecurityMode and EndpointSecurityPolicy.
func (e *entry) security(at *place) (model.SecurityMode, string) {
	policy, problem := parsePolicy(e.policy)
	if problem != nil {
		at.report("EndpointSecurityPolicy", nil, problem)
	}
	mode := e.mode
	switch {
	case mode == "" && e.useSecurity:
		mode = modeNotNone
	case mode == "" && policy != "" && policy != "None" && !e.hasUse:
		mode = modeNotNone
		at.report("EndpointSecurityPolicy", nil, note(policy+" is given without a mode; an endpoint with security is taken", "write EndpointSecurityMode as well"))
	case mode == "":
		mode = string(model.SecurityNone)
	case e.hasUse && e.useSecurity == (mode == string(model.SecurityNone)):
		at.report("UseSecurity", nil, warn("contradicts EndpointSecurityMode "+mode+", which wins", "remove UseSecurity"))
	}
	switch {
	case policy == "None" && mode == string(model.SecurityBest), policy == "None" && mode == string(model.SecurityNone):
		return model.SecurityNone, ""
	case (policy == "None") != (mode == string(model.SecurityNone)) && policy != "" && mode != string(model.SecurityBest):
		at.report("EndpointSecurityPolicy", nil, wrong(policy+" does not go with the mode "+mode, "change one of them; no endpoint has both"))
	}
	if mode != modeNotNone {
		return model.SecurityMode(mode), policy
	}
	if policy != "" {
		return model.SecurityBest, policy // the policy keeps endpoints without security out
	}
	at.report("UseSecurity", nil, note("takes SignAndEncrypt; OPC Publisher would also take Sign where the server has nothing better",
		"write EndpointSecurityMode Sign for such a server"))
	return model.SecuritySignAndEncrypt, ""
}

// parsePolicy reads a policy's URI or its short name.
func parsePolicy(s string) (string, *complaint) {
	name := strings.TrimPrefix(strings.TrimSpace(s), policyPrefix)
	if name == "" {
		return "", nil
	}
	for _, p := range append(securePolicies, "None") {
		if strings.EqualFold(p, name) {
			return p, nil
		}
	}
	return "", wrong(fmt.Sprintf("%.80q is not supported", s), "write "+strings.Join(securePolicies, ", ")+" or None; older policies are broken and left out")
}

// user takes the credentials.
func (e *entry) user(c *Connection, at *place) {
	mode := e.authentication
	if mode == "" && (e.userName != "" || e.encryptedUser != "") {
		mode = authUser
	}
	switch {
	case mode == authCertificate:
		at.report("OpcAuthenticationMode", nil, wrong("Certificate is not supported", "use UsernamePassword or Anonymous"))
	case mode != authUser:
		if e.userName != "" {
			at.report("OpcAuthenticationUsername", nil, warn("is not used with OpcAuthenticationMode Anonymous", "write OpcAuthenticationMode UsernamePassword"))
		}
	case e.userName == "" && e.encryptedUser == "" && e.encryptedPassword == "":
		at.report("OpcAuthenticationUsername", nil, wrong("is missing", "write it, or OpcAuthenticationMode Anonymous"))
	case e.userName == "":
		c.KeepUser = true
		at.report("EncryptedAuthUsername", nil, warn("is encrypted with a key of OPC Publisher's host and cannot be read; without a stored user the session is anonymous", remedySetPassword))
	case e.hasPassword:
		c.UserName, c.Password = e.userName, &e.password
	default:
		c.UserName = e.userName
		problem := "is missing; the one that is stored stays, if there is one"
		if e.encryptedPassword != "" {
			problem = "is encrypted with a key of OPC Publisher's host and cannot be read; the one that is stored stays, if there is one"
		}
		at.report("OpcAuthenticationPassword", nil, warn(problem, remedySetPassword))
	}
}

// connections gives each connection one server with an id of its own.
type connections struct {
	known []model.Server
	list  []Connection
	ids   taken
	found map[identity]int
}

func newConnections(known []model.Server, reserved []string) *connections {
	c := &connections{known: known, ids: taken{}, found: map[identity]int{}}
	for _, s := range known {
		c.ids[s.ID] = 2
	}
	for _, id := range reserved {
		c.ids[id] = 2
	}
	return c
}

// add returns the server of a connection: one that an earlier entry or the platform has already, else a new one.
func (l *connections) add(c Connection) *Connection {
	key := identityOf(&c.Server, c.KeepUser)
	at, ok := l.found[key]
	if !ok {
		l.name(&c)
		at = len(l.list)
		l.found[key] = at
		l.list = append(l.list, c)
	}
	if l.list[at].Password == nil {
		l.list[at].Password = c.Password
	}
	return &l.list[at]
}

// name takes id and name of the known server with the same connection, else makes them of host and port, with the user or a number behind them when
// they are taken.
func (l *connections) name(c *Connection) {
	want := identityOf(&c.Server, c.KeepUser)
	for _, s := range l.known {
		if identityOf(&s, c.KeepUser) == want && !slices.ContainsFunc(l.list, func(o Connection) bool { return o.ID == s.ID }) {
			c.ID, c.Name, c.TrustedThumbprints = s.ID, s.Name, s.TrustedThumbprints
			if c.KeepUser {
				c.UserName = s.UserName
			}
			return
		}
	}
	u, _ := url.Parse(c.EndpointURL)
	c.Name = u.Host + strings.TrimRight(u.Path, "/")
	base := slug(u.Hostname() + "-" + cmp.Or(u.Port(), "4840"))
	candidates := []string{base}
	if c.UserName != "" {
		candidates = append(candidates, fit(base+"-"+slug(c.UserName), maxServerID))
	}
	c.ID = l.ids.unique("-", maxServerID, candidates...)
	if c.ID != base && c.UserName != "" {
		c.Name += " (" + c.UserName + ")"
	}
	c.Name = fit(c.Name, maxServerName)
}

const (
	maxServerID   = 64
	maxServerName = 200
)

// slug makes an id: lower-case letters, digits, '.', '_' and '-'.
func slug(s string) string {
	var b strings.Builder
	dash := false
	for _, r := range strings.ToLower(s) {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '.' || r == '_' {
			b.WriteRune(r)
			dash = false
		} else if !dash && b.Len() > 0 {
			b.WriteByte('-')
			dash = true
		}
	}
	s = strings.Trim(b.String(), "-._")
	return fit(cmp.Or(s, "server"), maxServerID)
}
