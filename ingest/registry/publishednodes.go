package registry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/publishednodes"
)

// importRounds bounds how often an import is tried without the items that were refused; each round has fewer.
const importRounds = 10

// ImportPublishedNodes brings the desired state of a gateway to what a file of OPC Publisher asks for, in one transaction: writers of the file are put as they
// are there, others stay, or with replace go. Entries and nodes that cannot be taken are in the issues of the result, and the others are taken. A
// text that cannot be read at all is ErrInvalid.
func (r *Registry) ImportPublishedNodes(ctx context.Context, gateway string, text []byte, dryRun, replace bool) (*publishednodes.ImportResult, error) {
	if !serverID.MatchString(gateway) {
		return nil, fmt.Errorf("%w: gateway: %q is no id of a gateway; use up to 64 lower-case letters, digits, '-', '_' and '.'", ErrInvalid, gateway)
	}
	for range tries {
		current, err := r.Configuration(ctx, gateway, 0)
		if err != nil {
			return nil, err
		}
		c, issues, err := publishednodes.Parse(text, r.importOptions(&current))
		if err != nil {
			return nil, fmt.Errorf("%w: json: %w", ErrInvalid, err)
		}
		r.keepPasswords(c.Servers, current.Servers)
		result, err := r.applyImport(ctx, publishednodes.NewChange(c, issues, current, replace), &current, dryRun)
		if !errors.Is(err, ErrConflict) {
			return result, err
		}
	}
	return nil, fmt.Errorf("%w: the configuration of gateway %q is being changed by others, try again", ErrConflict, gateway)
}

// importOptions are what a file is read with: the servers of the gateway, and ids that others have.
func (r *Registry) importOptions(current *model.Configuration) publishednodes.Options {
	o := publishednodes.Options{Gateway: current.Gateway, Servers: current.Servers, MaxFields: model.MaxWriterFields}
	for _, s := range r.Servers() {
		if s.Gateway != current.Gateway {
			o.Reserved = append(o.Reserved, s.ID)
		}
	}
	if g, err := r.Gateway(current.Gateway); err == nil && len(g.Brokers) == 1 {
		o.Broker = g.Brokers[0]
	}
	return o
}

// applyImport applies a change without the items that are refused.
func (r *Registry) applyImport(ctx context.Context, change *publishednodes.Change, current *model.Configuration, dryRun bool) (*publishednodes.ImportResult, error) {
	revision := current.Revision
	for range importRounds {
		items := change.Items()
		if len(items) == 0 {
			result := change.Result()
			result.Revision = revision
			return result, nil
		}
		outcome, err := r.Apply(ctx, model.ConfigurationChange{
			Gateway: current.Gateway, Expected: &current.Revision, Comment: "import of published nodes", DryRun: dryRun, Items: items,
		})
		if err != nil {
			return nil, err
		}
		revision = outcome.Revision.Revision
		if !change.Refuse(outcome.Problems) {
			result := change.Result()
			result.Applied, result.Revision = outcome.Applied, revision
			return result, nil
		}
	}
	return nil, fmt.Errorf("%w: json: what was left after %d rounds without what was refused is refused as well; correct the issues and import it again", ErrInvalid, importRounds)
}

// keepPasswords forgets passwords that are those that are stored, so that a file that is imported again changes nothing. Only a sealer that opens what
// it sealed can tell.
func (r *Registry) keepPasswords(file []publishednodes.Connection, stored []model.Server) {
	opener, ok := r.sealer.(interface {
		Open(sealed []byte) ([]byte, error)
	})
	if !ok {
		return
	}
	for i := range file {
		at := slices.IndexFunc(stored, func(s model.Server) bool { return s.ID == file[i].ID })
		if at < 0 || file[i].Password == nil || stored[at].UserName != file[i].UserName {
			continue
		}
		if plain, err := opener.Open(stored[at].SealedPassword); err == nil && bytes.Equal(plain, []byte(*file[i].Password)) {
			file[i].Password = nil
		}
	}
}

// ExportPublishedNodes writes the desired state of a gateway as a file of OPC Publisher, without passwords. What such a file has no words for is in the
// issues.
func (r *Registry) ExportPublishedNodes(ctx context.Context, gateway string) ([]byte, *publishednodes.Issues, error) {
	current, err := r.Configuration(ctx, gateway, 0)
	if err != nil {
		return nil, nil, err
	}
	return publishednodes.Format(current.Servers, current.Writers)
}
