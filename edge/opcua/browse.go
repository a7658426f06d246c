package opcua

import (
	"context"
	"fmt"
	"math"

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
	pages := make([]*browsePage, len(nodes))
	for i, n := range nodes {
		pages[i] = &browsePage{description: n, max: max}
	}
	if err := s.browsePages(ctx, pages); err != nil {
		return nil, err
	}
	found := make([]browsed, len(nodes))
	for i, p := range pages {
		found[i] = browsed{status: p.status, references: p.references, more: p.more()}
	}
	s.releasePoints(ctx, pages)
	return found, nil
}

// Browse implements edge.Browser. See continuation.go for what pages cost.
func (s *Source) Browse(ctx context.Context, nodes []model.BrowseDescription) ([]model.BrowseResult, error) {
	ses, err := s.asks.session(ctx)
	if err != nil {
		return nil, err
	}
	results := make([]model.BrowseResult, len(nodes))
	pages := make([]*browsePage, 0, len(nodes))
	whose := make([]int, 0, len(nodes))
	for i := range nodes {
		p, err := ses.browsePage(&nodes[i])
		if err != nil {
			results[i] = model.BrowseResult{Status: model.StatusBadNodeIdUnknown, Message: err.Error()}
			continue
		}
		if p.max > s.cfg.MaxReferences {
			p.max = s.cfg.MaxReferences
		}
		if nodes[i].Skip > 0 {
			if c := ses.continuations.take(&nodes[i]); c != nil {
				p.resume(c)
			}
		}
		pages, whose = append(pages, p), append(whose, i)
	}
	if err := ses.browsePages(ctx, pages); err != nil {
		return nil, fmt.Errorf("browse: %w", err)
	}
	var held []*continuation
	for j, i := range whose {
		p := pages[j]
		results[i] = ses.browseResult(&nodes[i], &browsed{status: p.status, references: p.references, more: p.more()})
		if p.more() && !p.cut && !p.status.IsBad() {
			held = append(held, &continuation{place: placeAfter(&nodes[i], len(p.references)), rest: p.rest, point: p.point})
		}
	}
	ses.release(ctx, ses.continuations.keep(ses, held))
	return results, nil
}

// browsePage is the page that d asks for.
func (s *session) browsePage(d *model.BrowseDescription) (*browsePage, error) {
	description, err := s.browseDescription(d)
	if err != nil {
		return nil, err
	}
	p := &browsePage{description: description, skip: d.Skip, max: d.MaxReferences}
	if p.max <= 0 {
		p.max = math.MaxInt
	}
	if !d.View.IsNull() {
		if p.view, err = s.resolve(d.View); err != nil {
			return nil, fmt.Errorf("view: %w", err)
		}
	}
	return p, nil
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
