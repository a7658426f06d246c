package opcua

import (
	"context"
	"fmt"

	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// maxParents bounds the inverse references that are looked at.
const maxParents = 100

// browsed is the answer for one node.
type browsed struct {
	status     model.StatusCode
	references []*ua.ReferenceDescription
	more       bool
}

// browse follows references in batches, with continuations up to max references a node. Continuation points that are left are released.
func (s *session) browse(ctx context.Context, nodes []*ua.BrowseDescription, max int) ([]browsed, error) {
	found := make([]browsed, len(nodes))
	err := s.limits.browse.each(len(nodes), func(from, to int) error {
		return s.browsePart(ctx, nodes[from:to], found[from:to], max)
	}, func(i int, err error) {
		found[i].status = statusOf(err, model.StatusBadDecodingError)
	})
	if err != nil {
		return nil, err
	}
	for i := range found { // the server has too few continuation points for all nodes at a time
		if found[i].status == model.StatusBadNoContinuationPoints {
			found[i] = browsed{}
			if err := s.browsePart(ctx, nodes[i:i+1], found[i:i+1], max); err != nil {
				return nil, err
			}
		}
	}
	return found, nil
}

func (s *session) browsePart(ctx context.Context, nodes []*ua.BrowseDescription, found []browsed, max int) error {
	r, err := do[*ua.BrowseResponse](ctx, s, &ua.BrowseRequest{
		View: &ua.ViewDescription{ViewID: ns0(0)}, RequestedMaxReferencesPerNode: uint32(max), NodesToBrowse: nodes,
	})
	if err != nil {
		return err
	}
	b := &browsing{found: found, max: max}
	for i := range nodes {
		found[i] = browsed{}
		b.asked = append(b.asked, i)
	}
	err = b.take(r.Results)
	for err == nil && len(b.points) > 0 {
		var next *ua.BrowseNextResponse
		if next, err = do[*ua.BrowseNextResponse](ctx, s, &ua.BrowseNextRequest{ContinuationPoints: b.points}); err == nil {
			err = b.take(next.Results)
		}
	}
	if len(b.left) > 0 { // when it fails the server frees them with the session
		_, _ = do[*ua.BrowseNextResponse](ctx, s, &ua.BrowseNextRequest{ReleaseContinuationPoints: true, ContinuationPoints: b.left})
	}
	return err
}

// browsing is one Browse with its continuations.
type browsing struct {
	found  []browsed
	max    int
	asked  []int    // whose results come next
	points [][]byte // to go on with
	left   [][]byte // to release
}

// take adds the results to what was found.
func (b *browsing) take(results []*ua.BrowseResult) error {
	if len(results) != len(b.asked) {
		return model.StatusBadUnknownResponse
	}
	asked := b.asked
	b.asked, b.points = nil, nil
	for i, r := range results {
		if r == nil {
			return model.StatusBadUnknownResponse
		}
		f := &b.found[asked[i]]
		f.status = model.StatusCode(r.StatusCode)
		for _, ref := range r.References {
			if ref != nil && ref.NodeID != nil {
				f.references = append(f.references, ref)
			}
		}
		switch {
		case len(r.ContinuationPoint) == 0:
		case len(f.references) >= b.max:
			f.more = true
			b.left = append(b.left, r.ContinuationPoint)
		default:
			b.points, b.asked = append(b.points, r.ContinuationPoint), append(b.asked, asked[i])
		}
		if len(f.references) > b.max {
			f.references, f.more = f.references[:b.max], true
		}
	}
	return nil
}

// Browse implements edge.Browser.
func (s *Source) Browse(ctx context.Context, nodes []model.BrowseDescription) ([]model.BrowseResult, error) {
	ses, err := s.asks.session(ctx)
	if err != nil {
		return nil, err
	}
	results := make([]model.BrowseResult, len(nodes))
	groups := map[int][]int{} // by the bound, which is one for a whole request
	descriptions := make([]*ua.BrowseDescription, len(nodes))
	for i := range nodes {
		if descriptions[i], err = ses.browseDescription(&nodes[i]); err != nil {
			results[i] = model.BrowseResult{Status: model.StatusBadNodeIdUnknown, Message: err.Error()}
			continue
		}
		bound := nodes[i].MaxReferences
		if bound <= 0 || bound > s.cfg.MaxReferences {
			bound = s.cfg.MaxReferences
		}
		groups[bound] = append(groups[bound], i)
	}
	for bound, members := range groups {
		var part []*ua.BrowseDescription
		for _, i := range members {
			part = append(part, descriptions[i])
		}
		found, err := ses.browse(ctx, part, bound)
		if err != nil {
			return nil, fmt.Errorf("browse: %w", err)
		}
		for j, i := range members {
			results[i] = ses.browseResult(&nodes[i], &found[j])
		}
	}
	return results, nil
}

func (s *session) browseDescription(d *model.BrowseDescription) (*ua.BrowseDescription, error) {
	node, err := s.resolve(d.NodeID)
	if err != nil {
		return nil, err
	}
	referenceType, err := s.resolve(d.ReferenceType)
	if err != nil {
		return nil, fmt.Errorf("reference type: %w", err)
	}
	return &ua.BrowseDescription{
		NodeID: node, BrowseDirection: ua.BrowseDirection(d.Direction), ReferenceTypeID: referenceType, IncludeSubtypes: d.IncludeSubtypes,
		NodeClassMask: uint32(d.NodeClassMask), ResultMask: uint32(ua.BrowseResultMaskAll),
	}, nil
}

func (s *session) browseResult(d *model.BrowseDescription, f *browsed) model.BrowseResult {
	r := model.BrowseResult{Status: f.status, More: f.more}
	if f.status.IsBad() {
		r.Message = fmt.Sprintf("browse %s: %s", d.NodeID, f.status.Name())
	}
	for _, ref := range f.references {
		r.References = append(r.References, model.Reference{
			ReferenceType: s.expand(ref.ReferenceTypeID), IsForward: ref.IsForward,
			NodeID:     expandExpanded(s.namespaces, ref.NodeID),
			BrowseName: qualifiedName(s.namespaces, ref.BrowseName), DisplayName: localizedText(ref.DisplayName),
			NodeClass: model.NodeClass(ref.NodeClass), TypeDefinition: expandExpanded(s.namespaces, ref.TypeDefinition),
		})
	}
	return r
}
