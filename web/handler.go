package web

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
)

// The home page runs only our own scripts and styles. Monaco, in the playground, writes style elements and has its icon
// font in a data: URL; its scripts and workers are our own files all the same.
const (
	homePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
		"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	playgroundPolicy = "default-src 'none'; script-src 'self'; worker-src 'self'; connect-src 'self'; " +
		"style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; " +
		"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

const (
	// Names under assets/ have a hash of the content in them.
	immutable = "public, max-age=31536000, immutable"
	// Browsers keep the file and ask whether it is still the one.
	revalidate = "no-cache"
)

// New returns the handler of the UI: "/" is the home page, "/playground" GraphiQL; paths that no file stands behind are
// answered with 404. It serves from memory, compressed files as they are, and is safe for concurrent use. It errs when
// the embedded build is incomplete.
func New() (http.Handler, error) {
	return newUI(dist)
}

// ui is the files of the UI by URL path. It does not change once it is made.
type ui map[string]*file

func newUI(fsys fs.FS) (ui, error) {
	files := ui{}
	err := fs.WalkDir(fsys, "dist", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		compressed, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		urlPath := strings.TrimSuffix(strings.TrimPrefix(name, "dist"), ".gz")
		f, err := newFile(urlPath, compressed)
		if err != nil {
			return fmt.Errorf("embedded file %s: %w", name, err)
		}
		files[urlPath] = f
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("load web UI: %w", err)
	}
	for urlPath, page := range map[string]string{"/": "/index.html", "/playground": "/playground/index.html", "/playground/": "/playground/index.html"} {
		f, ok := files[page]
		if !ok {
			return nil, fmt.Errorf("load web UI: dist%s.gz is missing; run npm run build in web", page)
		}
		files[urlPath] = f
	}
	return files, nil
}

// ServeHTTP implements http.Handler.
func (u ui) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	f, ok := u[r.URL.Path]
	switch {
	case !ok:
		h.Set("Content-Security-Policy", homePolicy)
		http.Error(w, "There is nothing at this address. The UI begins at /", http.StatusNotFound)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		h.Set("Allow", "GET, HEAD")
		http.Error(w, "This address can only be read: use GET or HEAD", http.StatusMethodNotAllowed)
	default:
		f.serve(w, r)
	}
}

// file is one file of the UI.
type file struct {
	compressed []byte // a gzip stream of one member
	size       uint32 // uncompressed
	etag       string
	header     map[string]string
}

// newFile takes the CRC-32 and the size from the end of the gzip stream (RFC 1952, 2.3.1) as the file's version: nothing is
// decompressed or hashed at start-up.
func newFile(urlPath string, compressed []byte) (*file, error) {
	if _, err := gzip.NewReader(bytes.NewReader(compressed)); err != nil {
		return nil, err
	}
	contentType, ok := contentTypes[path.Ext(urlPath)]
	if !ok {
		return nil, fmt.Errorf("extension %q has no content type; add it to contentTypes", path.Ext(urlPath))
	}
	trailer := compressed[len(compressed)-8:]
	f := &file{
		compressed: compressed, size: binary.LittleEndian.Uint32(trailer[4:]),
		// Weak, because it is the same for the compressed and the plain form.
		etag: `W/"` + hex.EncodeToString(trailer) + `"`,
	}
	f.header = map[string]string{
		"Content-Type": contentType, "Cache-Control": revalidate, "Content-Security-Policy": homePolicy,
		"ETag": f.etag, "Vary": "Accept-Encoding",
	}
	if strings.HasPrefix(urlPath, "/assets/") {
		f.header["Cache-Control"] = immutable
	}
	// Workers are ruled by the policy of their own file; the strict one does for them.
	if strings.HasPrefix(urlPath, "/playground/") {
		f.header["Content-Security-Policy"] = playgroundPolicy
	}
	return f, nil
}

// contentTypes are all that the build may contain: mime.TypeByExtension would depend on the computer's own table.
var contentTypes = map[string]string{
	".html": "text/html; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".svg":  "image/svg+xml",
	".ttf":  "font/ttf",
}

func (f *file) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	for name, value := range f.header {
		h.Set(name, value)
	}
	if matches(r.Header.Get("If-None-Match"), f.etag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	var body io.Reader = bytes.NewReader(f.compressed)
	length := len(f.compressed)
	if acceptsGzip(r.Header.Get("Accept-Encoding")) {
		h.Set("Content-Encoding", "gzip")
	} else {
		length = int(f.size)
		plain, err := gzip.NewReader(body)
		if err != nil { // newFile has read this header before
			http.Error(w, "The file is damaged", http.StatusInternalServerError)
			return
		}
		body = plain
	}
	h.Set("Content-Length", strconv.Itoa(length))
	if r.Method == http.MethodHead {
		return
	}
	_, _ = io.Copy(w, body) // an error here is the client's going away
}

// matches implements If-None-Match with the weak comparison (RFC 9110, 13.1.2).
func matches(ifNoneMatch, etag string) bool {
	for tag := range strings.SplitSeq(ifNoneMatch, ",") {
		tag = strings.TrimSpace(tag)
		if tag == "*" || strings.TrimPrefix(tag, "W/") == strings.TrimPrefix(etag, "W/") {
			return true
		}
	}
	return false
}

// acceptsGzip reads Accept-Encoding (RFC 9110, 12.5.3): gzip, or *, unless its weight is 0.
func acceptsGzip(acceptEncoding string) bool {
	accepted := false
	for item := range strings.SplitSeq(acceptEncoding, ",") {
		coding, params, _ := strings.Cut(item, ";")
		weight, given := strings.CutPrefix(strings.ReplaceAll(params, " ", ""), "q=")
		q, err := strconv.ParseFloat(weight, 64)
		yes := !given || err == nil && q > 0
		switch strings.ToLower(strings.TrimSpace(coding)) {
		case "gzip", "x-gzip":
			return yes
		case "*":
			accepted = yes
		}
	}
	return accepted
}
