package addressspace

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// stampNodes are what tells that a server is the one that it was (Part 5, 6.3 and 12.10): NamespaceArray, StartTime of the ServerStatus, and of its
// BuildInfo ProductUri, SoftwareVersion, BuildNumber and BuildDate. A server that was restarted may have other nodes than before, so
// it counts as another one.
var stampNodes = []uint32{2255, 2257, 2262, 2264, 2265, 2266}

// namespacesArray is what every server has of stampNodes.
const namespaceArray = 0

// readStamp reads the stamp of a server: it is the same as long as the server is.
func readStamp(ctx context.Context, services Services, server string) (string, error) {
	ids := make([]model.ReadValueID, len(stampNodes))
	for i, n := range stampNodes {
		ids[i] = model.ReadValueID{NodeID: model.Expanded(model.NumericID(0, n)), Attribute: model.AttributeValue}
	}
	values, err := within(ctx, batchTimeout, func(ctx context.Context) ([]model.ReadResult, error) { return services.Read(ctx, server, ids) })
	if err == nil && len(values) != len(ids) {
		err = fmt.Errorf("%d results for %d items", len(values), len(ids))
	}
	if err != nil {
		return "", fmt.Errorf("read the version of server %q: %w", server, err)
	}
	if status := values[namespaceArray].Status; status.IsBad() {
		return "", fmt.Errorf("read the namespaces of server %q: %s", server, status.Name())
	}
	h := sha256.New()
	for i := range values {
		text := []byte("-") // most need not be there
		if !values[i].Status.IsBad() {
			if text, err = json.Marshal(values[i].Value); err != nil {
				return "", fmt.Errorf("read the version of server %q: %w", server, err)
			}
		}
		fmt.Fprintf(h, "%d:%s;", len(text), text)
	}
	return hex.EncodeToString(h.Sum(nil)[:8]), nil
}
