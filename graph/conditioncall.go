package graph

import (
	"context"
	"encoding/base64"
	"fmt"
	"math"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// conditionCall is one item of a mutation.
type conditionCall struct {
	server string
	call   model.ConditionCall
	// refused is why the item is not sent, nil when it is.
	refused error
}

// commentOf is nil for none.
func commentOf(text, locale *string) *model.LocalizedText {
	if text == nil {
		return nil
	}
	return &model.LocalizedText{Text: *text, Locale: valueOrZero(locale)}
}

// callEvents calls a method that is about an event of each condition.
func (r *Resolver) callEvents(ctx context.Context, action model.ConditionAction, input []ConditionEventInput) ([]ConditionResult, error) {
	calls := make([]conditionCall, len(input))
	for i, in := range input {
		c := &calls[i]
		*c = conditionCall{server: in.Server, call: model.ConditionCall{
			Action: action, ConditionKey: model.ConditionKey{Condition: in.Condition, Branch: valueOrZero(in.Branch)}, Comment: commentOf(in.Comment, in.Locale),
		}}
		if in.EventID == nil {
			continue
		}
		var err error
		if c.call.EventID, err = base64.StdEncoding.DecodeString(*in.EventID); err != nil || len(c.call.EventID) == 0 {
			c.refused = fmt.Errorf("%w: eventId %.100q is no base64; take it from an event, or leave it out for the newest", ErrInvalid, *in.EventID)
		}
	}
	return r.callConditions(ctx, calls)
}

// callPlain calls a method without arguments of each condition.
func (r *Resolver) callPlain(ctx context.Context, action model.ConditionAction, input []ConditionInput) ([]ConditionResult, error) {
	calls := make([]conditionCall, len(input))
	for i, in := range input {
		calls[i] = conditionCall{server: in.Server, call: model.ConditionCall{
			Action: action, ConditionKey: model.ConditionKey{Condition: in.Condition}, Comment: commentOf(in.Comment, in.Locale),
		}}
	}
	return r.callConditions(ctx, calls)
}

// shelve shelves alarms, for a time or once.
func (r *Resolver) shelve(ctx context.Context, input []ShelveInput) ([]ConditionResult, error) {
	calls := make([]conditionCall, len(input))
	for i, in := range input {
		c := &calls[i]
		*c = conditionCall{server: in.Server, call: model.ConditionCall{
			Action: model.ConditionOneShotShelve, ConditionKey: model.ConditionKey{Condition: in.Condition}, Comment: commentOf(in.Comment, in.Locale),
		}}
		if in.Duration != nil {
			c.call.Action, c.call.ShelvingTime = model.ConditionTimedShelve, *in.Duration
			if *in.Duration <= 0 {
				c.refused = fmt.Errorf("%w: duration is 0; give a time, or leave it out to shelve once", ErrInvalid)
			}
		}
	}
	return r.callConditions(ctx, calls)
}

// respond answers dialogs.
func (r *Resolver) respond(ctx context.Context, input []RespondInput) ([]ConditionResult, error) {
	calls := make([]conditionCall, len(input))
	for i, in := range input {
		c := &calls[i]
		*c = conditionCall{server: in.Server, call: model.ConditionCall{
			Action: model.ConditionRespond, ConditionKey: model.ConditionKey{Condition: in.Condition}, Comment: commentOf(in.Comment, in.Locale), Response: int32(in.Response),
		}}
		if in.Response < 0 || in.Response > math.MaxInt32 {
			c.refused = fmt.Errorf("%w: response %d is no index of the dialog's responses", ErrInvalid, in.Response)
		}
	}
	return r.callConditions(ctx, calls)
}

// callConditions calls methods of conditions of several servers.
func (r *Resolver) callConditions(ctx context.Context, calls []conditionCall) ([]ConditionResult, error) {
	if r.EventServices == nil {
		return nil, errNoEventServices
	}
	if err := checkCount("input", len(calls), maxCalls); err != nil {
		return nil, err
	}
	refused := func(c *conditionCall, status model.StatusCode, message string) ConditionResult {
		return ConditionResult{ConditionID: c.call.Condition, Status: StatusCode{status}, Message: optional(message)}
	}
	run := func(ctx context.Context, server string, items []conditionCall) ([]ConditionResult, error) {
		out := make([]ConditionResult, len(items))
		var sent []model.ConditionCall
		var places []int
		for i := range items {
			if err := items[i].refused; err != nil {
				status, message := r.statusOf(ctx, err)
				out[i] = refused(&items[i], status, message)
				continue
			}
			sent, places = append(sent, items[i].call), append(places, i)
		}
		if len(sent) == 0 {
			return out, nil
		}
		results, err := r.EventServices.CallConditions(ctx, server, sent)
		if err != nil || len(results) != len(sent) {
			return nil, batchError("call conditions of", server, len(results), len(sent), err)
		}
		for j, i := range places {
			out[i] = ConditionResult{
				ConditionID: sent[j].Condition, Status: StatusCode{results[j].Status}, Message: optional(results[j].Message),
				EventID: optional(base64.StdEncoding.EncodeToString(results[j].EventID)),
			}
		}
		return out, nil
	}
	return byServer(ctx, r, calls, func(c *conditionCall) string { return c.server }, run, refused), nil
}
