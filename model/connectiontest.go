package model

import "time"

// Verbs that a gateway answers for servers that it is connected to and for those that it is not yet.
const (
	VerbTest        = "test"        // ConnectionTestRequest → ConnectionTest
	VerbCertificate = "certificate" // ConnectionTestRequest → EndpointCertificate
)

// ConnectionTestRequest names one of the gateway's servers, or with Server empty says how another is to be connected.
type ConnectionTestRequest struct {
	Server string  `json:"server,omitempty"`
	Record *Server `json:"record,omitempty"`
}

// ConnectionStep is one of the steps that lead to a connection, in their order.
type ConnectionStep string

// The steps.
const (
	StepResolve       ConnectionStep = "Resolve"       // the host's name to its addresses
	StepTCP           ConnectionStep = "Tcp"           // a TCP connection, or the server's own one to us
	StepHello         ConnectionStep = "Hello"         // Hello and Acknowledge (Part 6, 7.1.2)
	StepEndpoints     ConnectionStep = "Endpoints"     // GetEndpoints, and the choice among them
	StepCertificate   ConnectionStep = "Certificate"   // whether the server's certificate is to be trusted (Part 4, 6.1.3)
	StepSecureChannel ConnectionStep = "SecureChannel" // OpenSecureChannel with the chosen security
	StepSession       ConnectionStep = "Session"       // CreateSession, and the server's signature in it
	StepActivate      ConnectionStep = "Activate"      // ActivateSession as the user
	StepRead          ConnectionStep = "Read"          // the server's status
	StepClock         ConnectionStep = "Clock"         // the server's clock against the gateway's
	StepRoundTrip     ConnectionStep = "RoundTrip"     // how long the server takes to answer
)

// ConnectionSteps are all steps in their order.
func ConnectionSteps() []ConnectionStep {
	return []ConnectionStep{
		StepResolve, StepTCP, StepHello, StepEndpoints, StepCertificate, StepSecureChannel, StepSession, StepActivate, StepRead, StepClock, StepRoundTrip,
	}
}

// StepOutcome is how a step went.
type StepOutcome string

// The outcomes. What comes after a step without which it cannot be is skipped, and so is what the connection does not need.
const (
	StepOK      StepOutcome = "Ok"
	StepFailed  StepOutcome = "Failed"
	StepSkipped StepOutcome = "Skipped"
)

// ConnectionTestStep tells how one step went.
type ConnectionTestStep struct {
	Step     ConnectionStep `json:"step"`
	Outcome  StepOutcome    `json:"outcome"`
	Duration time.Duration  `json:"duration,omitempty"`
	// Detail is what was found, or what failed; Remedy what to do about that.
	Detail string `json:"detail,omitempty"`
	Remedy string `json:"remedy,omitempty"`
	// Reason is the kind of a failure.
	Reason ConnectionReason `json:"reason,omitempty"`
}

// ConnectionTest is what came of connecting to a server once, as a gateway does to publish from it.
type ConnectionTest struct {
	// OK is false when a step failed.
	OK       bool                 `json:"ok"`
	Duration time.Duration        `json:"duration"`
	Steps    []ConnectionTestStep `json:"steps"`
	// Endpoints are those that the server offers; SecurityMode and SecurityPolicy are of the one that was chosen.
	Endpoints      []Endpoint   `json:"endpoints,omitempty"`
	SecurityMode   SecurityMode `json:"securityMode,omitempty"`
	SecurityPolicy string       `json:"securityPolicy,omitempty"`
	// Certificate is that of the chosen endpoint, nil without one.
	Certificate *EndpointCertificate `json:"certificate,omitempty"`
	// ClockDifference is how far the server's clock is ahead of the gateway's, RoundTripTime the median of some short reads; both 0 when not measured.
	ClockDifference time.Duration `json:"clockDifference,omitempty"`
	RoundTripTime   time.Duration `json:"roundTripTime,omitempty"`
}

// EndpointCertificate describes the application instance certificate that a server shows (Part 6, 6.2.2).
type EndpointCertificate struct {
	// DER is the certificate, Chain the certificates of its issuers that came with it.
	DER   []byte   `json:"der"`
	Chain [][]byte `json:"chain,omitempty"`

	Subject      string    `json:"subject"`
	Issuer       string    `json:"issuer"`
	SerialNumber string    `json:"serialNumber"` // hexadecimal
	NotBefore    time.Time `json:"notBefore"`
	NotAfter     time.Time `json:"notAfter"`
	SelfSigned   bool      `json:"selfSigned"`
	// Thumbprint is the SHA-1 of DER that OPC UA goes by (Part 6, 6.2.6), ThumbprintSHA256 the SHA-256, both in lower-case hexadecimal.
	Thumbprint       string `json:"thumbprint"`
	ThumbprintSHA256 string `json:"thumbprintSha256"`

	ApplicationURI     string   `json:"applicationUri,omitempty"`
	DNSNames           []string `json:"dnsNames,omitempty"`
	IPAddresses        []string `json:"ipAddresses,omitempty"`
	URIs               []string `json:"uris,omitempty"`
	KeyType            string   `json:"keyType"`
	KeySize            int      `json:"keySize"` // in bits
	SignatureAlgorithm string   `json:"signatureAlgorithm"`

	// Trusted tells whether the gateway trusts it: by its list, or the server's record. Problem is what is wrong with it besides: its validity, its
	// application URI, its key.
	Trusted bool   `json:"trusted"`
	Problem string `json:"problem,omitempty"`
	// HostMatches tells whether it names the host of the endpoint URL. Machines rarely know their names, so it is no reason to refuse it.
	HostMatches bool `json:"hostMatches"`
}
