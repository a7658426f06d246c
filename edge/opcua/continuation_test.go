package opcua

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/edge/opcua/opcuatest"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// pagingServer has 2,500 references at every node, gives them in parts, and keeps account of its continuation points.
type pagingServer struct {
	limit int // continuation points that it has; 0 = any number
	part  int // most references in one answer; 0 = what is asked for

	mu        sync.Mutex
	points    map[string]pagingPoint
	made      int
	browses   int
	nexts     int
	most      int // continuation points at a time
	dropOld   bool
	onBrowse  func()
	failNext  bool // with a ServiceFault
	emptyOnly bool // parts have no references
}

type pagingPoint struct{ next, max int }

const pagingReferences = 2500

func (p *pagingServer) answer(req ua.Request) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch r := req.(type) {
	case *ua.ReadRequest:
		return p.read(r)
	case *ua.BrowseRequest:
		p.browses++
		if p.onBrowse != nil {
			p.onBrowse()
		}
		if p.dropOld { // Part 4, 7.9: those of earlier requests go when they are needed
			clear(p.points)
		}
		results := make([]*ua.BrowseResult, len(r.NodesToBrowse))
		for i := range results {
			results[i] = p.next(pagingPoint{max: int(r.RequestedMaxReferencesPerNode)})
		}
		return opcuatest.RawResponse(req, &ua.BrowseResponse{ResponseHeader: &ua.ResponseHeader{}, Results: results, DiagnosticInfos: []*ua.DiagnosticInfo{}})
	case *ua.BrowseNextRequest:
		if p.failNext && !r.ReleaseContinuationPoints {
			return opcuatest.RawResponse(req, &ua.ServiceFault{ResponseHeader: &ua.ResponseHeader{ServiceResult: ua.StatusBadUserAccessDenied}})
		}
		p.nexts++
		results := make([]*ua.BrowseResult, len(r.ContinuationPoints))
		for i, c := range r.ContinuationPoints {
			point, ok := p.points[string(c)]
			delete(p.points, string(c))
			switch {
			case !ok:
				results[i] = &ua.BrowseResult{StatusCode: ua.StatusBadContinuationPointInvalid, References: []*ua.ReferenceDescription{}}
			case r.ReleaseContinuationPoints:
				results[i] = &ua.BrowseResult{References: []*ua.ReferenceDescription{}}
			default:
				results[i] = p.next(point)
			}
		}
		return opcuatest.RawResponse(req, &ua.BrowseNextResponse{ResponseHeader: &ua.ResponseHeader{}, Results: results, DiagnosticInfos: []*ua.DiagnosticInfo{}})
	}
	return nil
}

// read answers what a new session asks for.
func (p *pagingServer) read(r *ua.ReadRequest) []byte {
	results := make([]*ua.DataValue, len(r.NodesToRead))
	for i, n := range r.NodesToRead {
		v := ua.MustVariant(uint32(0))
		switch n.NodeID.IntID() {
		case idNamespaceArray:
			v = ua.MustVariant([]string{"http://opcfoundation.org/UA/", "urn:raw"})
		case idMaxBrowseContinuationPoints:
			v = ua.MustVariant(uint16(p.limit))
		}
		results[i] = &ua.DataValue{EncodingMask: ua.DataValueValue, Value: v}
	}
	return opcuatest.RawResponse(r, &ua.ReadResponse{ResponseHeader: &ua.ResponseHeader{}, Results: results, DiagnosticInfos: []*ua.DiagnosticInfo{}})
}

// next gives a part of the references; p.mu is held.
func (p *pagingServer) next(at pagingPoint) *ua.BrowseResult {
	r := &ua.BrowseResult{References: []*ua.ReferenceDescription{}}
	size := at.max
	if p.part > 0 {
		size = min(size, p.part)
	}
	end := min(at.next+size, pagingReferences)
	if end < pagingReferences && p.limit > 0 && len(p.points) >= p.limit {
		r.StatusCode = ua.StatusBadNoContinuationPoints
		return r
	}
	if p.emptyOnly {
		end = at.next
	}
	for i := at.next; i < end; i++ {
		r.References = append(r.References, &ua.ReferenceDescription{
			ReferenceTypeID: ns0(idOrganizes), IsForward: true, NodeID: &ua.ExpandedNodeID{NodeID: ua.NewNumericNodeID(1, uint32(i))},
			BrowseName: &ua.QualifiedName{NamespaceIndex: 1, Name: fmt.Sprint(i)}, DisplayName: &ua.LocalizedText{}, NodeClass: ua.NodeClassVariable,
			TypeDefinition: &ua.ExpandedNodeID{NodeID: ua.NewTwoByteNodeID(0)},
		})
	}
	if end < pagingReferences {
		p.made++
		id := fmt.Sprint(p.made)
		p.points[id] = pagingPoint{end, at.max}
		r.ContinuationPoint = []byte(id)
		p.most = max(p.most, len(p.points))
	}
	return r
}

func (p *pagingServer) open() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.points)
}

func (p *pagingServer) counts() (browses, nexts int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.browses, p.nexts
}

// start serves p and connects to it.
func (p *pagingServer) start(t *testing.T, hold time.Duration) *Source {
	t.Helper()
	p.points = map[string]pagingPoint{}
	c := config(opcuatest.NewRaw(t, p.answer).Endpoint(), &recorder{})
	c.ContinuationHold = hold
	s := run(t, c)
	connected(t, s)
	return s
}

var pagingNode = model.Expanded(model.NumericID(0, idObjectsFolder))

// walk pages through the references of a node by pages of the sizes, the last of which goes on.
func walkPages(t *testing.T, s *Source, sizes ...int) {
	t.Helper()
	for skip, page := 0, 0; ; page++ {
		r, err := s.Browse(t.Context(), []model.BrowseDescription{{NodeID: pagingNode, Skip: skip, MaxReferences: sizes[min(page, len(sizes)-1)]}})
		if err != nil {
			t.Fatal(err)
		}
		if r[0].Status.IsBad() {
			t.Fatalf("page %d: %v %s", page, r[0].Status, r[0].Message)
		}
		for i, ref := range r[0].References {
			if ref.NodeID.Numeric() != uint32(skip+i) {
				t.Fatalf("page %d has %s at place %d", page, ref.NodeID, skip+i)
			}
		}
		skip += len(r[0].References)
		if !r[0].More {
			if skip != pagingReferences {
				t.Fatalf("the pages have %d references, want %d", skip, pagingReferences)
			}
			return
		}
	}
}

func TestPagesGoOn(t *testing.T) {
	for _, c := range []struct {
		name           string
		server         *pagingServer
		sizes          []int
		browses, nexts int
	}{
		{"one size", &pagingServer{}, []int{500}, 1, 4},
		{"several sizes", &pagingServer{}, []int{1000, 10, 990, 100}, 1, 2},
		{"small parts", &pagingServer{part: 100}, []int{500}, 1, 24},
		{"one point", &pagingServer{limit: 1}, []int{1000}, 1, 2},
		{"old points are dropped", &pagingServer{limit: 1, dropOld: true}, []int{1000}, 1, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := c.server.start(t, time.Hour)
			walkPages(t, s, c.sizes...)
			if browses, nexts := c.server.counts(); browses != c.browses || nexts != c.nexts {
				t.Errorf("%d Browse and %d BrowseNext, want %d and %d", browses, nexts, c.browses, c.nexts)
			}
			if n := c.server.open(); n != 0 {
				t.Errorf("%d continuation points are left", n)
			}
		})
	}
}

func TestContinuationPointsAreReleased(t *testing.T) {
	p := &pagingServer{}
	s := p.start(t, 50*time.Millisecond)
	first := model.BrowseDescription{NodeID: pagingNode, MaxReferences: 600}
	if _, err := s.Browse(t.Context(), []model.BrowseDescription{first}); err != nil {
		t.Fatal(err)
	}
	eventually(t, 10*time.Second, func() bool { return p.open() == 0 && s.Status().Figures.HeldPages == 0 }, func() string { return "the page that nobody asked for is released" })

	second := first
	second.Skip = 600
	r, err := s.Browse(t.Context(), []model.BrowseDescription{second})
	if err != nil || len(r[0].References) != 600 || r[0].References[0].NodeID.Numeric() != 600 || !r[0].More {
		t.Fatalf("the page after one that is not held: %d references, %v", len(r[0].References), err)
	}
	if n := s.Status().Figures.RestartedPages; n != 1 {
		t.Errorf("%d pages were browsed from the first reference on, want 1", n)
	}
	eventually(t, 10*time.Second, func() bool { return p.open() == 0 }, func() string { return "that page is released too" })
}

func TestWhoGoesLeavesNoContinuationPoint(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	p := &pagingServer{part: 100, onBrowse: cancel}
	s := p.start(t, time.Hour)
	_, err := s.Browse(ctx, []model.BrowseDescription{{NodeID: pagingNode, MaxReferences: 600}})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("Browse of one who is gone: %v", err)
	}
	if n := p.open(); n != 0 {
		t.Errorf("%d continuation points are left", n)
	}
}

func TestFailureLeavesNoContinuationPoint(t *testing.T) {
	p := &pagingServer{part: 100, failNext: true}
	s := p.start(t, time.Hour)
	_, err := s.Browse(t.Context(), []model.BrowseDescription{{NodeID: pagingNode, MaxReferences: 600}, {NodeID: pagingNode, MaxReferences: 700}})
	if !errors.Is(err, model.StatusBadUserAccessDenied) {
		t.Fatalf("Browse with a BrowseNext that fails: %v", err)
	}
	if n := p.open(); n != 0 {
		t.Errorf("%d continuation points are left", n)
	}
}

// A server with few continuation points is asked for as many nodes at a time, and some of its points stay free.
func TestLimitOfContinuationPoints(t *testing.T) {
	for _, limit := range []int{1, 4} {
		t.Run(fmt.Sprint(limit), func(t *testing.T) {
			p := &pagingServer{limit: limit, part: 100}
			s := p.start(t, time.Hour)
			nodes := make([]model.BrowseDescription, 20)
			for i := range nodes {
				nodes[i] = model.BrowseDescription{NodeID: model.Expanded(model.NumericID(1, uint32(i))), MaxReferences: pagingReferences}
				if i%2 == 0 {
					nodes[i].MaxReferences = 150
				}
			}
			r, err := s.Browse(t.Context(), nodes)
			if err != nil {
				t.Fatal(err)
			}
			for i := range r {
				if len(r[i].References) != nodes[i].MaxReferences {
					t.Errorf("node %d has %d references: %v", i, len(r[i].References), r[i].Status)
				}
			}
			if n := p.open(); n > max(1, limit/2) || p.most > limit {
				t.Errorf("%d continuation points are held, %d were there at a time", n, p.most)
			}
			walkPages(t, s, 500)
		})
	}
}

// The server drops what is held for a page whenever it gets another Browse: the page is browsed from the first reference on.
func TestDroppedContinuationPoint(t *testing.T) {
	p := &pagingServer{dropOld: true}
	s := p.start(t, time.Hour)
	browse := func(skip int) model.BrowseResult {
		t.Helper()
		r, err := s.Browse(t.Context(), []model.BrowseDescription{{NodeID: pagingNode, Skip: skip, MaxReferences: 500}})
		if err != nil {
			t.Fatal(err)
		}
		return r[0]
	}
	browse(0)
	browse(0)
	for skip := 500; skip < pagingReferences; skip += 500 {
		if r := browse(skip); len(r.References) != 500 || r.References[0].NodeID.Numeric() != uint32(skip) || r.More != (skip < 2000) {
			t.Fatalf("after %d: %d references, %v", skip, len(r.References), r.Status)
		}
		browse(0)
	}
}

func TestServerWithoutEnd(t *testing.T) {
	p := &pagingServer{emptyOnly: true}
	s := p.start(t, time.Hour)
	r, err := s.Browse(t.Context(), []model.BrowseDescription{{NodeID: pagingNode, MaxReferences: 500}})
	if err != nil || r[0].Status != model.StatusBadUnexpectedError {
		t.Errorf("%+v, %v", r, err)
	}
	if n := p.open(); n != 0 {
		t.Errorf("%d continuation points are left", n)
	}
}

// 10,000 nodes with their values, by pages, from a real server: a request for the references and one for the values of each page.
func TestWalkOfManyNodes(t *testing.T) {
	const nodes, page = 10_000, 1000
	peer := opcuatest.Start(t, opcuatest.Options{Vars: nodes, Period: -1})
	s := run(t, config(peer.Endpoint(), &recorder{}))
	connected(t, s)
	fast, err := s.Translate(t.Context(), []model.BrowsePath{{Path: "Objects/Plant/Fast"}})
	if err != nil || fast[0].Status.IsBad() {
		t.Fatal(fast, err)
	}
	ctx, tally := model.WithTally(t.Context())
	begin := time.Now()
	seen := map[model.ExpandedNodeID]bool{}
	for more := true; more; {
		d := model.BrowseDescription{NodeID: fast[0].NodeID, ReferenceType: model.Expanded(model.NumericID(0, idHierarchicalReferences)), IncludeSubtypes: true, Skip: len(seen), MaxReferences: page}
		r, err := s.Browse(ctx, []model.BrowseDescription{d})
		if err != nil || r[0].Status.IsBad() {
			t.Fatal(r, err)
		}
		var ids []model.ReadValueID
		for _, ref := range r[0].References {
			seen[ref.NodeID] = true
			ids = append(ids, model.ReadValueID{NodeID: ref.NodeID, Attribute: model.AttributeValue})
		}
		values, err := s.Read(ctx, ids)
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range values {
			if v.Status.IsBad() {
				t.Fatalf("%s: %v", ids[i].NodeID, v.Status)
			}
		}
		more = r[0].More
	}
	t.Logf("%d nodes with their values in %v: %v", len(seen), time.Since(begin), tally)
	counts := tally.Counts()
	if len(seen) != nodes || counts["Browse"].Requests != 1 || counts["BrowseNext"].Requests > nodes/page || counts["Read"].Requests != nodes/page {
		t.Errorf("%d nodes took %v", len(seen), tally)
	}
}
