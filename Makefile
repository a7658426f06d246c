# Each target is a line or two; `make help` lists them.
TOOL := go tool -modfile=.tools/go.mod
PACKAGES := $(shell go list ./... 2>/dev/null)

.PHONY: help build run test race fuzz bench lint fmt generate web interop clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

build: ## bin/shopfloor and, for each architecture, bin/shopfloor-edge, small and reproducible
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o bin/ ./cmd/...
	for arch in amd64 arm64 arm; do CGO_ENABLED=0 GOOS=linux GOARCH=$$arch GOARM=7 go build -trimpath -ldflags '-s -w' -o bin/shopfloor-edge-linux-$$arch ./cmd/shopfloor-edge || exit 1; done

run: ## the platform with its demo plant
	go run ./cmd/shopfloor --demo

test: ## all tests; installs the npm packages and the browser they need
	.ci/prepare
	SHOPFLOOR_BROWSER_TEST=1 go test -timeout 20m ./...

race: ## the tests of everything concurrent, with the race detector
	.ci/prepare
	go test -race -timeout 20m ./model/... ./edge/... ./ingest ./ingest/bus ./ingest/registry ./graph ./graph/live ./graph/graphws ./graph/addressspace ./cmd/gateway ./cmd/daemon
	go test -race ./graph/typed -skip 'GraphQLJS|Introspection|Codegen|EveryNodeSet' # those make schemas, one thing after the other
	go test -race ./cmd/shopfloor-edge -run 'TestGatewayFromAfar|TestConfig|TestWatchdog'

interop: ## tests against other OPC UA stacks; installs what they need (Python, cargo, CMake)
	.ci/interop

fuzz: ## each fuzz target for ten seconds
	.ci/fuzz 10s

bench: ## all benchmarks, once
	go test -run '^$$' -bench . -benchmem ./model/... ./edge/... ./ingest/...

lint: ## format, vet and the linters
	.ci/lint

fmt: ## format the Go code
	$(TOOL) gofumpt -w $$(git ls-files '*.go')

generate: web ## regenerate everything that is generated
	go generate ./...

web: ## rebuild web/dist
	cd web && npm ci --no-audit --no-fund && npm run build

clean: ## remove what builds and runs left
	rm -rf bin shopfloor-data
