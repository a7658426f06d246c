package web

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

func newHandler(t testing.TB) http.Handler {
	t.Helper()
	h, err := New()
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func get(t testing.TB, h http.Handler, method, path string, header map[string]string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(method, path, nil)
	for name, value := range header {
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func body(t testing.TB, res *http.Response) []byte {
	t.Helper()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestPages(t *testing.T) {
	h := newHandler(t)
	for _, tt := range []struct{ path, title, policy string }{
		{"/", "<title>Shopfloor</title>", homePolicy},
		{"/index.html", "<title>Shopfloor</title>", homePolicy},
		{"/playground", "<title>Playground · Shopfloor</title>", playgroundPolicy},
		{"/playground/", "<title>Playground · Shopfloor</title>", playgroundPolicy},
	} {
		t.Run(tt.path, func(t *testing.T) {
			res := get(t, h, http.MethodGet, tt.path, nil)
			if res.StatusCode != http.StatusOK {
				t.Fatalf("status %d", res.StatusCode)
			}
			if !bytes.Contains(body(t, res), []byte(tt.title)) {
				t.Errorf("the page has no %s", tt.title)
			}
			for name, want := range map[string]string{
				"Content-Type": "text/html; charset=utf-8", "Cache-Control": revalidate, "Content-Security-Policy": tt.policy,
				"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Vary": "Accept-Encoding",
			} {
				if got := res.Header.Get(name); got != want {
					t.Errorf("%s: %q, want %q", name, got, want)
				}
			}
		})
	}
}

func TestHomePolicyIsStrict(t *testing.T) {
	for _, loose := range []string{"unsafe", "data:", "blob:", "*", "http"} {
		if strings.Contains(homePolicy, loose) {
			t.Errorf("the home page's policy allows %s", loose)
		}
	}
}

// Every file decompresses to the length that is announced for it, and is answered with the right caching.
func TestEveryFile(t *testing.T) {
	files, err := newUI(dist)
	if err != nil {
		t.Fatal(err)
	}
	assets := 0
	for path := range files {
		plain := get(t, files, http.MethodGet, path, nil)
		content := body(t, plain)
		if got := plain.Header.Get("Content-Length"); got != strconv.Itoa(len(content)) {
			t.Errorf("%s: Content-Length %s for %d bytes", path, got, len(content))
		}
		compressed := get(t, files, http.MethodGet, path, map[string]string{"Accept-Encoding": "br, gzip"})
		if got := compressed.Header.Get("Content-Encoding"); got != "gzip" {
			t.Errorf("%s: Content-Encoding %q", path, got)
		}
		zr, err := gzip.NewReader(compressed.Body)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		unpacked, err := io.ReadAll(zr)
		if err != nil || !bytes.Equal(unpacked, content) {
			t.Errorf("%s: the compressed and the plain form differ (%v)", path, err)
		}
		want := revalidate
		if strings.HasPrefix(path, "/assets/") {
			want = immutable
			assets++
		}
		if got := plain.Header.Get("Cache-Control"); got != want {
			t.Errorf("%s: Cache-Control %q, want %q", path, got, want)
		}
	}
	if assets == 0 {
		t.Error("no assets in the build")
	}
}

func TestHead(t *testing.T) {
	h := newHandler(t)
	head, full := get(t, h, http.MethodHead, "/", nil), get(t, h, http.MethodGet, "/", nil)
	if n := len(body(t, head)); n != 0 {
		t.Errorf("HEAD has a body of %d bytes", n)
	}
	for _, name := range []string{"Content-Length", "Content-Type", "ETag", "Cache-Control"} {
		if head.Header.Get(name) != full.Header.Get(name) || head.Header.Get(name) == "" {
			t.Errorf("%s: HEAD %q, GET %q", name, head.Header.Get(name), full.Header.Get(name))
		}
	}
}

func TestRevalidation(t *testing.T) {
	h := newHandler(t)
	etag := get(t, h, http.MethodGet, "/", nil).Header.Get("ETag")
	for _, tt := range []struct {
		name, ifNoneMatch string
		want              int
	}{
		{"same", etag, http.StatusNotModified},
		{"one of several", `"x", ` + etag, http.StatusNotModified},
		{"strong form", strings.TrimPrefix(etag, "W/"), http.StatusNotModified},
		{"any", "*", http.StatusNotModified},
		{"another", `W/"0000000000000000"`, http.StatusOK},
		{"none", "", http.StatusOK},
	} {
		t.Run(tt.name, func(t *testing.T) {
			res := get(t, h, http.MethodGet, "/", map[string]string{"If-None-Match": tt.ifNoneMatch})
			if res.StatusCode != tt.want {
				t.Errorf("status %d, want %d", res.StatusCode, tt.want)
			}
			if n := len(body(t, res)); (n == 0) != (tt.want == http.StatusNotModified) {
				t.Errorf("body of %d bytes", n)
			}
		})
	}
}

func TestRefused(t *testing.T) {
	h := newHandler(t)
	for _, tt := range []struct {
		method, path string
		want         int
	}{
		{http.MethodGet, "/nothing", http.StatusNotFound},
		{http.MethodGet, "/assets/", http.StatusNotFound},
		{http.MethodGet, "/assets/old-12345678.js", http.StatusNotFound},
		{http.MethodGet, "/index.html.gz", http.StatusNotFound},
		{http.MethodGet, "/../embed.go", http.StatusNotFound},
		{http.MethodPost, "/", http.StatusMethodNotAllowed},
		{http.MethodDelete, "/playground", http.StatusMethodNotAllowed},
	} {
		t.Run(tt.method+" "+tt.path, func(t *testing.T) {
			res := get(t, h, tt.method, tt.path, nil)
			if res.StatusCode != tt.want {
				t.Errorf("status %d, want %d", res.StatusCode, tt.want)
			}
			if got := res.Header.Get("Cache-Control"); got != "" {
				t.Errorf("an error is cached: %q", got)
			}
		})
	}
}

func TestAcceptsGzip(t *testing.T) {
	for _, tt := range []struct {
		header string
		want   bool
	}{
		{"", false},
		{"gzip", true},
		{"GZIP", true},
		{"br, gzip;q=0.5", true},
		{"gzip;q=0", false},
		{"gzip; q=0.0", false},
		{"*", true},
		{"*;q=0", false},
		{"gzip;q=0, *", false},
		{"identity", false},
		{"br", false},
		{"gzip;q=x", false},
	} {
		if got := acceptsGzip(tt.header); got != tt.want {
			t.Errorf("acceptsGzip(%q) = %v", tt.header, got)
		}
	}
}

func TestIncompleteBuild(t *testing.T) {
	var page bytes.Buffer
	zw := gzip.NewWriter(&page)
	if err := zw.Close(); err != nil {
		t.Fatal(err)
	}
	good := &fstest.MapFile{Data: page.Bytes()}
	for _, tt := range []struct {
		name, want string
		files      fstest.MapFS
	}{
		{"no build", "dist", fstest.MapFS{}},
		{"no playground", "playground/index.html", fstest.MapFS{"dist/index.html.gz": good}},
		{"not compressed", "dist/index.html.gz", fstest.MapFS{"dist/index.html.gz": {Data: []byte("<html>")}}},
		{"unknown type", "contentTypes", fstest.MapFS{"dist/a.exe.gz": good}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := newUI(tt.files); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one about %s", err, tt.want)
			}
		})
	}
}

// BenchmarkNew is what the UI costs at start-up.
func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		if _, err := New(); err != nil {
			b.Fatal(err)
		}
	}
}
