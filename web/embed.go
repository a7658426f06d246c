// Package web is the user interface: the built files in the binary and the HTTP handler that serves them.
package web

import "embed"

// dist is the built UI, every file compressed with gzip. Build it with "npm ci && npm run build" in this folder.
//
//go:embed all:dist
var dist embed.FS
