package gateway

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"time"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/edge"
	"github.com/shopfloor-iiot/shopfloor/ingest/bus"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// The requests of a RemoteDiscovery to the core.
const (
	verbSchedule          = "discovery-schedule"     // nothing → *model.DiscoverySchedule
	verbDiscoveries       = "discovery-list"         // pageRequest → page[model.Discovery]
	verbApplications      = "discovery-applications" // pageRequest → page[model.DiscoveredApplication]
	verbReportDiscovery   = "discovery-report"       // model.Discovery → nothing
	verbReportApplication = "discovery-application"  // model.DiscoveredApplication → nothing
)

const (
	// scheduleInterval is how often a gateway asks for its schedule when it was not woken, scheduleWait how long it waits for an answer.
	scheduleInterval, scheduleWait = 30 * time.Second, 10 * time.Second
	// pageBytes is from which size on a page of a list is full. Records are far smaller than that.
	pageBytes = 256 << 10
)

// pageRequest asks for the records whose ids come after one.
type pageRequest struct {
	After string `json:"after"`
}

// page is a part of a list, in the order of the ids.
type page[T any] struct {
	Items []T  `json:"items"`
	More  bool `json:"more,omitempty"`
}

var _ edge.DiscoveryState = (*RemoteDiscovery)(nil)

// RemoteDiscovery is edge.DiscoveryState for a gateway in a process of its own: it asks the core, and keeps its schedule in a file, so that it
// also discovers while the core is away. What it cannot report is its caller's to report again.
type RemoteDiscovery struct {
	askCore func(ctx context.Context, verb string, body []byte) ([]byte, error)
	woken   func(context.Context) (<-chan struct{}, error)
	file    string
	log     zerolog.Logger
}

// NewRemoteDiscovery makes the state of a gateway whose schedule is kept in a file.
func NewRemoteDiscovery(c *bus.Conn, gateway, file string, log zerolog.Logger) *RemoteDiscovery {
	return &RemoteDiscovery{
		askCore: func(ctx context.Context, verb string, body []byte) ([]byte, error) {
			return c.AskCore(ctx, gateway, verb, body)
		},
		woken: func(ctx context.Context) (<-chan struct{}, error) { return c.Woken(ctx, gateway) },
		file:  file, log: log,
	}
}

// WatchSchedule implements edge.DiscoveryState.
func (s *RemoteDiscovery) WatchSchedule(ctx context.Context, apply func(*model.DiscoverySchedule)) error {
	woken, err := s.woken(ctx)
	if err != nil {
		return err
	}
	known, err := s.load()
	if err != nil {
		return err
	}
	apply(known)
	for {
		next, err := s.fetch(ctx)
		if err == nil && !reflect.DeepEqual(next, known) {
			if err := s.save(next); err != nil {
				s.log.Error().Err(err).Msg("schedule of discoveries is not saved: it is fetched anew after a restart")
			}
			known = next
			apply(known)
		}
		timer := time.NewTimer(scheduleInterval)
		select {
		case <-woken:
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
		timer.Stop()
	}
}

func (s *RemoteDiscovery) fetch(ctx context.Context) (schedule *model.DiscoverySchedule, err error) {
	ctx, cancel := context.WithTimeout(ctx, scheduleWait)
	defer cancel()
	return schedule, s.ask(ctx, verbSchedule, nil, &schedule)
}

func (s *RemoteDiscovery) load() (schedule *model.DiscoverySchedule, err error) {
	b, err := os.ReadFile(s.file)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err == nil {
		err = json.Unmarshal(b, &schedule)
	}
	if err != nil {
		return nil, fmt.Errorf("schedule of discoveries: %w: delete %s, it is fetched anew", err, s.file)
	}
	return schedule, nil
}

func (s *RemoteDiscovery) save(schedule *model.DiscoverySchedule) error {
	b, err := json.Marshal(schedule)
	if err != nil {
		return err
	}
	return bus.WriteFile(s.file, b)
}

// Discoveries implements edge.DiscoveryState.
func (s *RemoteDiscovery) Discoveries(ctx context.Context) ([]model.Discovery, error) {
	return askPages(ctx, s, verbDiscoveries, func(d *model.Discovery) string { return d.ID })
}

// Applications implements edge.DiscoveryState.
func (s *RemoteDiscovery) Applications(ctx context.Context) ([]model.DiscoveredApplication, error) {
	return askPages(ctx, s, verbApplications, func(a *model.DiscoveredApplication) string { return a.ID })
}

func askPages[T any](ctx context.Context, s *RemoteDiscovery, verb string, id func(*T) string) (all []T, err error) {
	for after := ""; ; {
		var p page[T]
		if err := s.ask(ctx, verb, pageRequest{after}, &p); err != nil {
			return nil, err
		}
		all = append(all, p.Items...)
		if !p.More || len(p.Items) == 0 {
			return all, nil
		}
		after = id(&p.Items[len(p.Items)-1])
	}
}

// ReportDiscovery implements edge.DiscoveryState.
func (s *RemoteDiscovery) ReportDiscovery(ctx context.Context, d model.Discovery) error {
	return s.ask(ctx, verbReportDiscovery, d, nil)
}

// ReportApplication implements edge.DiscoveryState.
func (s *RemoteDiscovery) ReportApplication(ctx context.Context, a model.DiscoveredApplication) error {
	return s.ask(ctx, verbReportApplication, a, nil)
}

// ask sends a request and decodes the answer, if reply is not nil.
func (s *RemoteDiscovery) ask(ctx context.Context, verb string, request, reply any) error {
	body, err := json.Marshal(request)
	if err != nil {
		return fmt.Errorf("encode %s: %w", verb, err)
	}
	answer, err := s.askCore(ctx, verb, body)
	if err != nil || reply == nil {
		return err
	}
	if err := json.Unmarshal(answer, reply); err != nil {
		return fmt.Errorf("answer of the core to %s: %w", verb, err)
	}
	return nil
}

// Answer answers a request of a RemoteDiscovery, at the core. known is false for a request of another kind.
func (s BucketDiscovery) Answer(ctx context.Context, verb string, body []byte) (reply []byte, known bool, err error) {
	switch verb {
	case verbSchedule:
		schedule, err := s.Schedule(ctx)
		return encoded(schedule, err)
	case verbDiscoveries:
		return answerPage(ctx, body, s.Discoveries, func(d *model.Discovery) string { return d.ID })
	case verbApplications:
		return answerPage(ctx, body, s.Applications, func(a *model.DiscoveredApplication) string { return a.ID })
	case verbReportDiscovery:
		return answerReport(ctx, body, s.ReportDiscovery)
	case verbReportApplication:
		return answerReport(ctx, body, s.ReportApplication)
	}
	return nil, false, nil
}

func encoded(v any, err error) ([]byte, bool, error) {
	if err != nil {
		return nil, true, err
	}
	b, err := json.Marshal(v)
	return b, true, err
}

// answerPage answers as many records after the asked one as fit into a page.
func answerPage[T any](ctx context.Context, body []byte, list func(context.Context) ([]T, error), id func(*T) string) ([]byte, bool, error) {
	var r pageRequest
	if err := json.Unmarshal(body, &r); err != nil {
		return nil, true, fmt.Errorf("request for a page: %w", err)
	}
	all, err := list(ctx)
	if err != nil {
		return nil, true, err
	}
	slices.SortFunc(all, func(a, b T) int { return cmp.Compare(id(&a), id(&b)) })
	var items []json.RawMessage
	size := 0
	for i := range all {
		if id(&all[i]) <= r.After {
			continue
		}
		if size > pageBytes {
			return encoded(page[json.RawMessage]{Items: items, More: true}, nil)
		}
		b, err := json.Marshal(&all[i])
		if err != nil {
			return nil, true, err
		}
		items, size = append(items, b), size+len(b)
	}
	return encoded(page[json.RawMessage]{Items: items}, nil)
}

func answerReport[T any](ctx context.Context, body []byte, report func(context.Context, T) error) ([]byte, bool, error) {
	var v T
	if err := json.Unmarshal(body, &v); err != nil {
		return nil, true, fmt.Errorf("report: %w", err)
	}
	return nil, true, report(ctx, v)
}
