package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/gopcua/opcua/id"
	"github.com/gopcua/opcua/ua"
	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/cmd/shopfloor/demoplant/uaserver"
	"github.com/shopfloor-iiot/shopfloor/model"
)

const (
	loadNamespace = "urn:shopfloor:load"
	loadStartup   = time.Minute
)

// benchServer is an OPC UA server in a process of its own whose variables count the values that they were sampled for.
type benchServer struct {
	endpoint string
	nodes    []model.ExpandedNodeID
	input    io.Closer // the process ends when it is closed
	command  *exec.Cmd
}

// loadReady is what the process prints when it listens.
type loadReady struct {
	Endpoint string `json:"endpoint"`
}

// benchServers are those of one benchmark.
type benchServers []*benchServer

// startBenchServers starts as many as are wanted, with the nodes shared out among them. It returns those that run also with an error.
func startBenchServers(ctx context.Context, cfg *benchEdgeConfig, progress io.Writer) (list benchServers, err error) {
	fmt.Fprintf(progress, "servers: %d with %d variables\n", cfg.servers, cfg.nodes)
	for i := range cfg.servers {
		n := cfg.nodes / cfg.servers
		if i < cfg.nodes%cfg.servers {
			n++
		}
		s, err := startBenchServer(ctx, n, progress)
		if err != nil {
			return list, err
		}
		list = append(list, s)
	}
	return list, nil
}

func (l benchServers) targets() []benchTarget {
	var r []benchTarget
	for _, s := range l {
		r = append(r, benchTarget{s.endpoint, s.nodes})
	}
	return r
}

func (l benchServers) stop() error {
	var errs []error
	for _, s := range l {
		errs = append(errs, s.stop())
	}
	return errors.Join(errs...)
}

func startBenchServer(ctx context.Context, nodes int, progress io.Writer) (*benchServer, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find the program: %w", err)
	}
	s := &benchServer{command: exec.CommandContext(ctx, self, "bench", "edge", "--serve", "--nodes", strconv.Itoa(nodes))}
	s.command.Stderr = progress
	if s.input, err = s.command.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := s.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.command.Start(); err != nil {
		return nil, fmt.Errorf("start the server: %w", err)
	}
	late := time.AfterFunc(loadStartup, func() { _ = s.input.Close() })
	defer late.Stop()
	var ready loadReady
	if err := json.NewDecoder(out).Decode(&ready); err != nil {
		return nil, errors.Join(fmt.Errorf("start the server: %w", err), s.stop())
	}
	s.endpoint = ready.Endpoint
	for i := range nodes {
		s.nodes = append(s.nodes, model.ExpandedNodeID{NodeID: model.StringID(0, loadVariable(i)), NamespaceURI: loadNamespace})
	}
	return s, nil
}

func (s *benchServer) stop() error {
	_ = s.input.Close() // it is closed already when the server was late
	if err := s.command.Wait(); err != nil {
		return fmt.Errorf("server: %w", err)
	}
	return nil
}

func loadVariable(i int) string { return "V" + strconv.Itoa(i) }

// counter is a variable with a new value whenever it is read: 1, 2, 3 and so on.
type counter struct{ n atomic.Uint64 }

func (c *counter) read() *ua.DataValue {
	return &ua.DataValue{
		EncodingMask: ua.DataValueValue | ua.DataValueSourceTimestamp, Value: ua.MustVariant(float64(c.n.Add(1))), SourceTimestamp: time.Now().UTC(),
	}
}

// serveLoad is the server's process. It ends when its standard input does.
func serveLoad(ctx context.Context, cfg *benchEdgeConfig, stdin io.Reader, stdout, stderr io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		defer cancel()
		_, _ = io.Copy(io.Discard, stdin) // its end is all that it says
	}()
	space, err := uaserver.NewSpace(loadNamespace)
	if err != nil {
		return err
	}
	folder := &uaserver.Node{ID: ua.NewStringNodeID(1, "Load"), Class: ua.NodeClassObject, BrowseName: &ua.QualifiedName{NamespaceIndex: 1, Name: "Load"}}
	if err := space.Add(folder); err != nil {
		return err
	}
	space.Link(space.Standard(id.ObjectsFolder), id.Organizes, folder)
	space.Link(folder, id.HasTypeDefinition, space.Standard(id.FolderType))
	for i := range cfg.nodes {
		name := loadVariable(i)
		n := &uaserver.Node{
			ID: ua.NewStringNodeID(1, name), Class: ua.NodeClassVariable, BrowseName: &ua.QualifiedName{NamespaceIndex: 1, Name: name},
			Variable: &uaserver.Variable{DataType: ua.NewNumericNodeID(0, id.Double), ValueRank: -1, Read: new(counter).read},
		}
		if err := space.Add(n); err != nil {
			return err
		}
		space.Link(folder, id.Organizes, n)
		space.Link(n, id.HasTypeDefinition, space.Standard(id.BaseDataVariableType))
	}
	s, err := uaserver.New(uaserver.Config{
		Listen: "127.0.0.1:0", ApplicationURI: loadNamespace, ProductURI: loadNamespace, ApplicationName: "Load", MaxItems: cfg.nodes,
	}, space, zerolog.New(stderr).Level(zerolog.WarnLevel))
	if err != nil {
		return err
	}
	if err := s.Listen(ctx); err != nil {
		return err
	}
	if err := json.NewEncoder(stdout).Encode(loadReady{s.URL()}); err != nil {
		return err
	}
	return s.Run(ctx)
}
