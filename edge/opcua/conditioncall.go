package opcua

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// conditionMethod is a method of conditions (Part 9, 5.5 to 5.8).
type conditionMethod struct {
	// id is that of the type's method, withComment of the one that takes a comment besides, 0 for none.
	id, withComment uint32
	// shelving tells that it is one of ShelvingState; about that it is about an event, and has its EventId and a comment.
	shelving, about bool
}

var conditionMethods = map[model.ConditionAction]conditionMethod{
	model.ConditionEnable:            {id: 9027},
	model.ConditionDisable:           {id: 9028},
	model.ConditionAddComment:        {id: 9029, about: true},
	model.ConditionAcknowledge:       {id: 9111, about: true},
	model.ConditionConfirm:           {id: 9113, about: true},
	model.ConditionOneShotShelve:     {id: 2948, withComment: 24760, shelving: true},
	model.ConditionTimedShelve:       {id: 2949, withComment: 24756, shelving: true},
	model.ConditionUnshelve:          {id: 2947, withComment: 24758, shelving: true},
	model.ConditionSuppress:          {id: 16403, withComment: 24316},
	model.ConditionUnsuppress:        {id: 17868, withComment: 24318},
	model.ConditionRemoveFromService: {id: 17869, withComment: 24320},
	model.ConditionPlaceInService:    {id: 17870, withComment: 24322},
	model.ConditionSilence:           {id: 16402}, // has no form with a comment
	model.ConditionReset:             {id: 18199, withComment: 24324},
	model.ConditionRespond:           {id: 9069, withComment: 24312},
}

// conditionCalling is one CallConditions.
type conditionCalling struct {
	session  *session
	calls    []model.ConditionCall
	results  []model.ConditionResult
	requests []*callMethod
	whose    []int        // request → call
	unseen   map[int]bool // calls of methods that the condition's node does not show
}

// CallConditions implements edge.ConditionServer. A method is carried out once: when its outcome is not known, the result says so.
func (s *Source) CallConditions(ctx context.Context, calls []model.ConditionCall) ([]model.ConditionResult, error) {
	ses, err := s.asks.session(ctx)
	if err != nil {
		return nil, err
	}
	c := &conditionCalling{session: ses, calls: calls, results: make([]model.ConditionResult, len(calls)), unseen: map[int]bool{}}
	if err := c.findEvents(ctx, s); err != nil {
		return nil, err
	}
	todo := make([]int, len(calls))
	for i := range todo {
		todo[i] = i
	}
	if err := c.send(ctx, todo); err != nil {
		return nil, err
	}
	c.sendAgain(ctx, s)
	s.readBack(ctx, c)
	return c.results, nil
}

// readBack reads the conditions whose methods were called: of what is not about an event, such as shelving, not all servers send one. It is best effort.
func (s *Source) readBack(ctx context.Context, c *conditionCalling) {
	state, done := s.conditions.kept()
	if state == nil {
		return
	}
	defer done()
	var ids []model.ExpandedNodeID
	for i := range c.calls {
		id := c.calls[i].Condition
		if !c.results[i].Status.IsBad() && !conditionMethods[c.calls[i].Action].about && len(ids) < maxReadConditions && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	read, err := s.readConditions(ctx, ids, state.filter)
	if err != nil {
		s.log.Debug().Err(err).Msg("conditions could not be read after their methods were called")
	}
	for _, e := range read {
		state.amend(e)
	}
}

// send calls the methods of those that nothing is wrong with.
func (c *conditionCalling) send(ctx context.Context, todo []int) error {
	c.requests, c.whose = nil, nil
	if err := c.prepare(ctx, todo); err != nil {
		return fmt.Errorf("call conditions: %w", err)
	}
	err := c.session.limits.call.each(len(c.requests), func(from, to int) error {
		results, err := c.session.callBatch(ctx, c.requests[from:to])
		if err != nil && tooLarge(err) && !notTried(err) {
			for _, i := range c.whose[from:to] {
				c.fail(i, statusOf(err, model.StatusBadDecodingError), "it may have been carried out, but the result did not come: %v", err)
			}
			return nil
		}
		if err != nil {
			return err
		}
		for j := range results {
			c.answer(c.whose[from+j], &results[j])
		}
		return nil
	}, nil)
	if err != nil {
		return fmt.Errorf("call conditions: %w", err)
	}
	return nil
}

// sendAgain calls those methods once more whose event was found here and was not the newest any more: the one that came after it is still on its way, but the
// address space may have it.
func (c *conditionCalling) sendAgain(ctx context.Context, s *Source) {
	var stale []int
	var ids []model.ExpandedNodeID
	for i := range c.calls {
		call := &c.calls[i]
		if c.results[i].Status == model.StatusBadEventIdUnknown && len(call.EventID) == 0 && len(c.results[i].EventID) > 0 && call.Branch.IsNull() && len(ids) < maxReadConditions {
			stale, ids = append(stale, i), append(ids, call.Condition)
		}
	}
	state, done := s.conditions.kept()
	if state == nil {
		return
	}
	defer done()
	read, err := s.readConditions(ctx, slices.Compact(ids), state.filter)
	if err != nil {
		s.log.Debug().Err(err).Msg("newest events of conditions could not be read")
	}
	var todo []int
	for _, i := range stale {
		for _, e := range read {
			if e.ConditionID == c.calls[i].Condition && len(e.EventID) > 0 && !bytes.Equal(e.EventID, c.results[i].EventID) {
				c.results[i] = model.ConditionResult{EventID: e.EventID}
				todo = append(todo, i)
				break
			}
		}
	}
	if err := c.send(ctx, todo); err != nil {
		for _, i := range todo {
			c.fail(i, statusOf(err, model.StatusBadUnexpectedError), "whether it was carried out is not known: %v", err)
		}
	}
}

func (c *conditionCalling) fail(i int, status model.StatusCode, format string, args ...any) {
	c.results[i] = model.ConditionResult{Status: status, Message: fmt.Sprintf("%s %s: ", c.calls[i].Action, c.calls[i].Condition) + fmt.Sprintf(format, args...)}
}

// findEvents finds the newest events of the conditions whose calls are about one and name none.
func (c *conditionCalling) findEvents(ctx context.Context, s *Source) error {
	var unnamed []int
	for i := range c.calls {
		switch m, ok := conditionMethods[c.calls[i].Action]; {
		case !ok:
			c.fail(i, model.StatusBadMethodInvalid, "there is no such action")
		case m.about && len(c.calls[i].EventID) == 0:
			unnamed = append(unnamed, i)
		default:
			c.results[i].EventID = c.calls[i].EventID
		}
	}
	if len(unnamed) == 0 {
		return nil
	}
	state, done, err := s.conditions.use(ctx)
	if err != nil {
		return err
	}
	defer done()
	var ids []model.ExpandedNodeID
	for _, i := range unnamed {
		call := &c.calls[i]
		if e := state.find(call.ConditionKey); e != nil {
			c.results[i].EventID = e.EventID
		} else if call.Branch.IsNull() && len(ids) < maxReadConditions && !slices.Contains(ids, call.Condition) {
			ids = append(ids, call.Condition)
		}
	}
	read, err := s.readConditions(ctx, ids, state.filter)
	if err != nil {
		return fmt.Errorf("call conditions: %w", err)
	}
	for _, i := range unnamed {
		for _, e := range read {
			if e.ConditionID == c.calls[i].Condition && c.calls[i].Branch.IsNull() && c.results[i].EventID == nil {
				c.results[i].EventID = e.EventID
			}
		}
		if len(c.results[i].EventID) == 0 {
			c.fail(i, model.StatusBadEventIdUnknown, "no event of the condition is known, since it is not retained: give the eventId of the state that is meant")
		}
	}
	return nil
}

// prepare finds the methods, and makes the requests.
func (c *conditionCalling) prepare(ctx context.Context, todo []int) error {
	var paths []*ua.BrowsePath
	var whose []int
	for _, i := range todo {
		if c.results[i].Status.IsBad() {
			continue
		}
		node, err := c.session.resolve(c.calls[i].Condition)
		if err != nil {
			c.fail(i, model.StatusBadNodeIdUnknown, "%v", err)
			continue
		}
		name, object := string(c.calls[i].Action), ""
		if conditionMethods[c.calls[i].Action].shelving {
			object = "ShelvingState"
			name = object + "/" + name
		} else {
			object = name // is not looked at
		}
		whose = append(whose, i)
		paths = append(paths, c.session.standardPath(node, object), c.session.standardPath(node, name), c.session.standardPath(node, name+"2"))
	}
	targets, err := c.session.translate(ctx, paths)
	if err != nil {
		return err
	}
	for j, i := range whose {
		if err := c.add(i, targets[3*j], targets[3*j+1], targets[3*j+2]); err != nil {
			c.fail(i, model.StatusBadInvalidArgument, "%v", err)
		}
	}
	return nil
}

// add makes the request of one call. What a server that does not show its conditions' nodes is asked for are the methods of the type (Part 9, 5.5.4).
func (c *conditionCalling) add(i int, shelving, plain, commented target) error {
	call, m := &c.calls[i], conditionMethods[c.calls[i].Action]
	object, err := c.session.resolve(call.Condition)
	if err != nil {
		return err
	}
	if m.shelving && shelving.node != nil {
		object = shelving.node
	}
	request := &callMethod{ObjectID: object, MethodID: ns0(m.id)}
	if c.unseen[i] = plain.node == nil; plain.node != nil {
		request.MethodID = plain.node
	}
	var arguments []model.Variant
	switch {
	case m.about:
		arguments = append(arguments, model.ByteStringValue(c.results[i].EventID))
	case call.Action == model.ConditionTimedShelve:
		arguments = append(arguments, model.DoubleValue(float64(call.ShelvingTime)/float64(time.Millisecond)))
	case call.Action == model.ConditionRespond:
		arguments = append(arguments, model.Int32Value(call.Response))
	}
	switch {
	case m.about:
		comment := call.Comment
		if comment == nil {
			comment = &model.LocalizedText{}
		}
		arguments = append(arguments, model.LocalizedTextValue(comment))
	case call.Comment != nil && commented.node != nil:
		request.MethodID = commented.node
		arguments = append(arguments, model.LocalizedTextValue(call.Comment))
	case call.Comment != nil:
		return errors.New("the server takes no comment here: leave it out, or add it with addComment")
	}
	e := &encoder{namespaces: c.session.namespaces}
	for _, a := range arguments {
		v, err := e.encode(a)
		if err != nil {
			return err
		}
		request.InputArguments = append(request.InputArguments, v)
	}
	c.requests, c.whose = append(c.requests, request), append(c.whose, i)
	return nil
}

// answer takes the result of one call.
func (c *conditionCalling) answer(i int, r *callResult) {
	status := r.status
	for _, s := range r.inputs {
		if s.IsBad() && (status == model.StatusBadInvalidArgument || !status.IsBad()) {
			status = s
		}
	}
	c.results[i].Status = status
	if !status.IsBad() {
		return
	}
	eventID := c.results[i].EventID
	c.fail(i, status, "%s", conditionRefusal(status, c.calls[i].Action, c.unseen[i]))
	c.results[i].EventID = eventID
}

// conditionRefusals say in plain words why a server refuses a method of a condition, and what to do (Part 9, 5.5 to 5.8).
var conditionRefusals = map[model.StatusCode]string{
	model.StatusBadEventIdUnknown:                  "the server does not know the event, or it is not the newest of the condition: leave eventId out for the newest",
	model.StatusBadConditionBranchAlreadyAcked:     "it is acknowledged already",
	model.StatusBadConditionBranchAlreadyConfirmed: "it is confirmed already",
	model.StatusBadConditionAlreadyEnabled:         "it is enabled already",
	model.StatusBadConditionAlreadyDisabled:        "it is disabled already",
	model.StatusBadConditionDisabled:               "it is disabled: enable it first",
	model.StatusBadConditionAlreadyShelved:         "it is shelved already: unshelve it first",
	model.StatusBadConditionNotShelved:             "it is not shelved",
	model.StatusBadShelvingTimeOutOfRange:          "the alarm may not be shelved for so long: see its maxTimeShelved",
	model.StatusBadDialogNotActive:                 "the dialog does not wait for an answer",
	model.StatusBadDialogResponseInvalid:           "there is no such answer: give an index of responseOptionSet",
	model.StatusBadUserAccessDenied:                "the user of the gateway's session may not do that: give the server another user",
	model.StatusBadNodeIdUnknown:                   "the server has no such condition, or it does not have this method",
	model.StatusBadNodeIdInvalid:                   "the server has no such condition, or it does not have this method",
}

// conditionRefusal is what a refusal means. unseen tells that the node of the condition does not show the method.
func conditionRefusal(status model.StatusCode, action model.ConditionAction, unseen bool) string {
	text, ok := conditionRefusals[status]
	switch {
	case ok:
	case noSuchMethod(status) || unseen:
		text = fmt.Sprintf("the condition may not have the method %s", action)
	default:
		return status.Name()
	}
	return fmt.Sprintf("%s: %s", status.Name(), text)
}
