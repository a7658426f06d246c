package mqtt

import (
	"errors"
	"strings"
)

// checkFilter refuses what is no topic filter (MQTT 5.0, 4.7.1).
func checkFilter(f string) error {
	if f == "" {
		return errors.New("write a topic filter, \"opcua/#\"")
	}
	levels := strings.Split(f, "/")
	for i, l := range levels {
		switch {
		case l == "#" && i < len(levels)-1:
			return errors.New("# can only be the last level")
		case len(l) > 1 && strings.ContainsAny(l, "+#"):
			return errors.New("+ and # stand for a whole level: put / around them")
		}
	}
	return nil
}

// covers tells whether each topic that filter matches is also matched by one of allowed. A topic is a filter that matches itself
// alone. Wildcards do not match a first level that begins with $ (MQTT 5.0, 4.7.2).
func covers(allowed []string, filter string) bool {
	for _, a := range allowed {
		if cover(a, filter) {
			return true
		}
	}
	return false
}

func cover(a, f string) bool {
	if strings.HasPrefix(f, "$") && !strings.HasPrefix(a, "$") {
		return false
	}
	for {
		al, aTail, aMore := strings.Cut(a, "/")
		fl, fTail, fMore := strings.Cut(f, "/")
		switch {
		case al == "#":
			return true
		case fl == "#" || al != "+" && al != fl:
			return false
		case !fMore:
			return !aMore || aTail == "#" // # also stands for no level at all
		case !aMore:
			return false
		}
		a, f = aTail, fTail
	}
}
