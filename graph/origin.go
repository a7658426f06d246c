package graph

import (
	"net/http"
	"net/url"
	"path"
	"strings"
)

// originAllowed tells whether the page that sends the request may: one of the same host, or of a host that a pattern matches.
// Requests of other programs name no origin. Browsers let any page open a WebSocket, so this is all that keeps it from acting
// as the user.
func originAllowed(r *http.Request, patterns []string) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	u, err := url.Parse(origin)
	if err != nil {
		return false
	}
	if u.Host != "" && strings.EqualFold(u.Host, r.Host) {
		return true
	}
	for _, p := range patterns {
		if ok, err := path.Match(strings.ToLower(p), strings.ToLower(u.Host)); ok && err == nil {
			return true
		}
	}
	return false
}
