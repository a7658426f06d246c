package uadp

// securityHeader reads the security header (Part 14, 7.2.4.4.2, Table 154). One without a signature says that there is no security.
func (d *Decoder) securityHeader() {
	r := &d.r
	flags := r.uint8()
	r.uint32()
	r.take(int(r.uint8()))
	switch {
	case r.err != nil:
	case flags&securityReserved != 0, flags&(securitySigned|securityEncrypted) == securityEncrypted:
		r.failf(ErrReserved, "SecurityFlags 0x%02x", flags)
	case flags != 0:
		r.fail(ErrUnsupportedSecurity)
	}
}

// securityHeader appends a security header that says that there is no security, if one is asked for.
func (e *encoder) securityHeader() {
	if !e.emptySecurity {
		return
	}
	e.uint8(0)
	e.uint32(0)
	e.uint8(0)
}
