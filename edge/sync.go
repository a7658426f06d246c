package edge

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// maxOutOfSync bounds the reasons in a GatewayStatus.
const maxOutOfSync = 100

// sync tells which revision of the desired state runs, and what of it does not run as wanted: servers that cannot be used, writers that are not open and
// writers with fields that the server does not monitor. A server that is not connected leaves all its writers out of sync.
func (g *Gateway) sync() (revision uint64, out []model.OutOfSync, count int) {
	g.mu.Lock()
	revision = g.revision
	assets := make([]*asset, 0, len(g.assets))
	for _, a := range g.assets {
		assets = append(assets, a)
	}
	g.mu.Unlock()
	slices.SortFunc(assets, func(a, b *asset) int { return cmp.Compare(a.server.ID, b.server.ID) })
	add := func(o model.OutOfSync) {
		if count++; len(out) < maxOutOfSync {
			out = append(out, o)
		}
	}
	for _, a := range assets {
		if a.source == nil {
			add(model.OutOfSync{Server: a.server.ID, Reason: a.failed})
			continue
		}
		status := a.source.Status()
		for _, w := range g.writerStatuses(a) {
			if reason := outOfSyncReason(&status, &w); reason != "" {
				add(model.OutOfSync{Server: a.server.ID, Writer: w.Writer, Reason: reason})
			}
		}
	}
	return revision, out, count
}

// outOfSyncReason tells why a writer does not run as wanted; empty when it does.
func outOfSyncReason(s *model.ServerStatus, w *model.WriterStatus) string {
	switch {
	case s.State != model.StateConnected && s.Error != "":
		return fmt.Sprintf("server is %s: %s", s.State, s.Error)
	case s.State != model.StateConnected:
		return fmt.Sprintf("server is %s", s.State)
	case w.Error != "":
		return w.Error
	case w.BadCount > 0 && len(w.Bad) > 0:
		b := w.Bad[0]
		return fmt.Sprintf("%d of %d fields are not active; field %q: %s: %s", w.BadCount, w.Active+w.BadCount, b.Field, b.Status.Name(), b.Message)
	case w.BadCount > 0:
		return fmt.Sprintf("%d of %d fields are not active yet", w.BadCount, w.Active+w.BadCount)
	}
	return w.Unsupported
}

// sameSync tells whether two statuses say the same of the desired state.
func sameSync(a, b model.GatewayStatus) bool {
	return a.ConfigurationRevision == b.ConfigurationRevision && a.OutOfSyncCount == b.OutOfSyncCount && slices.Equal(a.OutOfSync, b.OutOfSync)
}
