package uaserver

import (
	"encoding/binary"

	"github.com/gopcua/opcua/id"
	"github.com/gopcua/opcua/ua"
)

// browse implements Browse (Part 4, 5.9.2).
func (s *Server) browse(sess *session, req *ua.BrowseRequest) (ua.Response, ua.StatusCode) {
	if status := checkCount(len(req.NodesToBrowse)); status != ua.StatusOK {
		return nil, status
	}
	if req.View != nil && req.View.ViewID != nil && req.View.ViewID.String() != "i=0" {
		return nil, ua.StatusBadViewIDUnknown
	}
	results := make([]*ua.BrowseResult, len(req.NodesToBrowse))
	for i, b := range req.NodesToBrowse {
		refs, status := s.references(b)
		results[i] = sess.page(refs, req.RequestedMaxReferencesPerNode, status)
	}
	return &ua.BrowseResponse{ResponseHeader: responseHeader(req.RequestHeader, ua.StatusOK), Results: results}, ua.StatusOK
}

// browseNext implements BrowseNext (Part 4, 5.9.3). A continuation point is good for one call.
func (s *Server) browseNext(sess *session, req *ua.BrowseNextRequest) (ua.Response, ua.StatusCode) {
	if status := checkCount(len(req.ContinuationPoints)); status != ua.StatusOK {
		return nil, status
	}
	results := make([]*ua.BrowseResult, len(req.ContinuationPoints))
	for i, cp := range req.ContinuationPoints {
		rest, ok := sess.takeBrowsePoint(cp)
		switch {
		case !ok:
			results[i] = &ua.BrowseResult{StatusCode: ua.StatusBadContinuationPointInvalid}
		case req.ReleaseContinuationPoints:
			results[i] = &ua.BrowseResult{}
		default:
			results[i] = sess.page(rest.refs, rest.pageSize, ua.StatusOK)
		}
	}
	return &ua.BrowseNextResponse{ResponseHeader: responseHeader(req.RequestHeader, ua.StatusOK), Results: results}, ua.StatusOK
}

// references lists what a BrowseDescription selects, in the order the references were added.
func (s *Server) references(b *ua.BrowseDescription) ([]*ua.ReferenceDescription, ua.StatusCode) {
	node := s.space.Node(b.NodeID)
	if node == nil {
		return nil, ua.StatusBadNodeIDUnknown
	}
	if b.BrowseDirection > ua.BrowseDirectionBoth {
		return nil, ua.StatusBadBrowseDirectionInvalid
	}
	match, status := s.referenceFilter(b.ReferenceTypeID, b.IncludeSubtypes)
	if status != ua.StatusOK {
		return nil, status
	}
	refs := []*ua.ReferenceDescription{}
	for _, r := range node.refs {
		wrongWay := b.BrowseDirection == ua.BrowseDirectionForward && !r.Forward || b.BrowseDirection == ua.BrowseDirectionInverse && r.Forward
		if wrongWay || !match(r.Type) || (b.NodeClassMask != 0 && b.NodeClassMask&uint32(r.Target.Class) == 0) {
			continue
		}
		refs = append(refs, describe(r, ua.BrowseResultMask(b.ResultMask)))
	}
	return refs, ua.StatusOK
}

// referenceFilter returns a test for reference types; a null type matches all.
func (s *Server) referenceFilter(typeID *ua.NodeID, subtypes bool) (func(*Node) bool, ua.StatusCode) {
	if typeID == nil || typeID.String() == "i=0" {
		return func(*Node) bool { return true }, ua.StatusOK
	}
	want := s.space.Node(typeID)
	switch {
	case want == nil || want.Class != ua.NodeClassReferenceType:
		return nil, ua.StatusBadReferenceTypeIDInvalid
	case subtypes:
		return func(t *Node) bool { return t.isSubtypeOf(want) }, ua.StatusOK
	}
	return func(t *Node) bool { return t == want }, ua.StatusOK
}

// describe fills a ReferenceDescription by the client's result mask (Part 4, 5.9.2.2).
func describe(r Reference, mask ua.BrowseResultMask) *ua.ReferenceDescription {
	d := &ua.ReferenceDescription{
		ReferenceTypeID: ua.NewTwoByteNodeID(0), NodeID: ua.NewExpandedNodeID(r.Target.ID, "", 0),
		BrowseName: &ua.QualifiedName{}, DisplayName: &ua.LocalizedText{}, TypeDefinition: ua.NewTwoByteExpandedNodeID(0),
	}
	if mask&ua.BrowseResultMaskReferenceTypeID != 0 {
		d.ReferenceTypeID = r.Type.ID
	}
	if mask&ua.BrowseResultMaskIsForward != 0 {
		d.IsForward = r.Forward
	}
	if mask&ua.BrowseResultMaskNodeClass != 0 {
		d.NodeClass = r.Target.Class
	}
	if mask&ua.BrowseResultMaskBrowseName != 0 {
		d.BrowseName = r.Target.BrowseName
	}
	if mask&ua.BrowseResultMaskDisplayName != 0 {
		d.DisplayName = r.Target.DisplayName
	}
	if mask&ua.BrowseResultMaskTypeDefinition != 0 {
		if t := r.Target.typeDefinition(); t != nil {
			d.TypeDefinition = ua.NewExpandedNodeID(t.ID, "", 0)
		}
	}
	return d
}

// browsePoint is what a continuation point stands for: the references not yet sent.
type browsePoint struct {
	refs     []*ua.ReferenceDescription
	pageSize uint32
}

// page cuts refs to the page size the client asked for, at most maxReferences, and keeps the rest in the session.
func (sess *session) page(refs []*ua.ReferenceDescription, size uint32, status ua.StatusCode) *ua.BrowseResult {
	if status != ua.StatusOK {
		return &ua.BrowseResult{StatusCode: status}
	}
	if size == 0 || size > maxReferences {
		size = maxReferences
	}
	if uint32(len(refs)) <= size {
		return &ua.BrowseResult{References: refs}
	}
	sess.mu.Lock()
	defer sess.mu.Unlock()
	if len(sess.browsePoints) >= maxContinuationPoints {
		return &ua.BrowseResult{StatusCode: ua.StatusBadNoContinuationPoints}
	}
	sess.nextPoint++
	cp := binary.LittleEndian.AppendUint64(nil, sess.nextPoint)
	sess.browsePoints[string(cp)] = browsePoint{refs: refs[size:], pageSize: size}
	return &ua.BrowseResult{ContinuationPoint: cp, References: refs[:size]}
}

func (sess *session) takeBrowsePoint(cp []byte) (browsePoint, bool) {
	sess.mu.Lock()
	defer sess.mu.Unlock()
	p, ok := sess.browsePoints[string(cp)]
	delete(sess.browsePoints, string(cp))
	return p, ok
}

// translate implements TranslateBrowsePathsToNodeIds (Part 4, 5.9.4).
func (s *Server) translate(req *ua.TranslateBrowsePathsToNodeIDsRequest) (ua.Response, ua.StatusCode) {
	if status := checkCount(len(req.BrowsePaths)); status != ua.StatusOK {
		return nil, status
	}
	results := make([]*ua.BrowsePathResult, len(req.BrowsePaths))
	for i, p := range req.BrowsePaths {
		results[i] = s.translatePath(p)
	}
	return &ua.TranslateBrowsePathsToNodeIDsResponse{ResponseHeader: responseHeader(req.RequestHeader, ua.StatusOK), Results: results}, ua.StatusOK
}

func (s *Server) translatePath(p *ua.BrowsePath) *ua.BrowsePathResult {
	start := s.space.Node(p.StartingNode)
	if start == nil {
		return &ua.BrowsePathResult{StatusCode: ua.StatusBadNodeIDUnknown}
	}
	if len(p.RelativePath.Elements) == 0 {
		return &ua.BrowsePathResult{StatusCode: ua.StatusBadNothingToDo}
	}
	nodes := []*Node{start}
	for _, e := range p.RelativePath.Elements {
		if e.TargetName.Name == "" {
			return &ua.BrowsePathResult{StatusCode: ua.StatusBadBrowseNameInvalid}
		}
		match, status := s.referenceFilter(e.ReferenceTypeID, e.IncludeSubtypes)
		if status != ua.StatusOK {
			return &ua.BrowsePathResult{StatusCode: ua.StatusBadNoMatch}
		}
		nodes = follow(nodes, e, match)
	}
	if len(nodes) == 0 {
		return &ua.BrowsePathResult{StatusCode: ua.StatusBadNoMatch}
	}
	result := &ua.BrowsePathResult{}
	for _, n := range nodes {
		result.Targets = append(result.Targets, &ua.BrowsePathTarget{TargetID: ua.NewExpandedNodeID(n.ID, "", 0), RemainingPathIndex: 0xffffffff})
	}
	return result
}

// follow returns the nodes one path element leads to, each once.
func follow(from []*Node, e *ua.RelativePathElement, match func(*Node) bool) []*Node {
	var found []*Node
	seen := make(map[*Node]bool)
	for _, n := range from {
		for _, r := range n.refs {
			if r.Forward != e.IsInverse && *r.Target.BrowseName == *e.TargetName && match(r.Type) && !seen[r.Target] {
				seen[r.Target] = true
				found = append(found, r.Target)
			}
		}
	}
	return found
}

// methodOf returns the method node to run when a client names method on object: the method itself when it is a component
// of the object, the component of the same name when it is declared by the object's type (Part 4, 5.12.2.2), else nil.
func (s *Server) methodOf(object, method *Node) *Node {
	hasComponent := s.space.Standard(id.HasComponent)
	for _, r := range object.refs {
		if r.Forward && r.Target == method && r.Type.isSubtypeOf(hasComponent) {
			return method
		}
	}
	for t := object.typeDefinition(); t != nil; t = t.supertype() {
		for _, r := range t.refs {
			if r.Forward && r.Target == method {
				return object.child(hasComponent, method.BrowseName.Name)
			}
		}
	}
	return nil
}
