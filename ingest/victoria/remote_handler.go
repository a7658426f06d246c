package victoria

import (
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
)

// Handler serves the same as that of the embedded store, by asking the remote: the Prometheus query API below /prometheus/api/v1/ and
// VMUI below /vmui/. Nothing in it writes, deletes or resets. The credentials of cfg are added, those of the client are not passed on.
// It does not authenticate: that is the caller's part.
func (r *Remote) Handler() http.Handler {
	target, err := url.Parse(r.cfg.ReadURL)
	if err != nil {
		panic(fmt.Sprintf("victoria: read URL that was checked: %v", err)) // withDefaults has parsed it
	}
	proxy := &httputil.ReverseProxy{
		Transport: r.client.Transport,
		Rewrite: func(p *httputil.ProxyRequest) {
			p.Out.URL.Scheme, p.Out.URL.Host = target.Scheme, target.Host
			p.Out.URL.Path = target.Path + strings.TrimPrefix(p.In.URL.Path, "/prometheus")
			// An escaped slash stays one: what is decoded here could mean another path there.
			p.Out.URL.RawPath = target.EscapedPath() + strings.TrimPrefix(p.In.URL.EscapedPath(), "/prometheus")
			p.Out.Host = target.Host
			p.Out.Header.Del("Authorization")
			p.Out.Header.Del("Cookie")
		},
		// VictoriaMetrics lets the pages of any web site read by default, the embedded store does not.
		ModifyResponse: func(answer *http.Response) error {
			for name := range answer.Header {
				if strings.HasPrefix(name, "Access-Control-") || name == "Set-Cookie" {
					answer.Header.Del(name)
				}
			}
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			http.Error(w, fmt.Sprintf("VictoriaMetrics cannot be reached: %v", shortError(err)), http.StatusBadGateway)
		},
	}
	return queryMux(proxy)
}
