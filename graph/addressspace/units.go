package addressspace

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// readUnits reads the display names of EngineeringUnits, which are those of the variables that have the property.
func (c *crawler) readUnits(ctx context.Context) error {
	units := map[int32]string{} // of the properties
	var properties []int32
	for i := range c.b.space.nodes {
		n := &c.b.space.nodes[i]
		if model.NodeClass(n.class) != model.NodeClassVariable || n.browseNS != 0 || n.parent < 0 || c.b.names.at(n.browse) != engineeringUnits {
			continue
		}
		if at, ok := c.remembered(int32(i)); ok {
			units[int32(i)] = c.known.Unit(c.known.nodes[at].parent)
		} else {
			properties = append(properties, int32(i))
		}
	}
	values, err := inBatches(ctx, c, properties, func(ctx context.Context, part []int32) ([]model.ReadResult, error) {
		ids := make([]model.ReadValueID, len(part))
		for i, p := range part {
			ids[i] = model.ReadValueID{NodeID: c.b.nodeID(p), Attribute: model.AttributeValue}
		}
		return c.services.Read(ctx, c.server, ids)
	})
	if err != nil {
		return fmt.Errorf("read the units of server %q: %w", c.server, err)
	}
	for i := range values {
		if !values[i].Status.IsBad() {
			units[properties[i]] = unitName(values[i].Value)
		}
	}
	c.b.setUnits(units)
	return nil
}

// unitName is the DisplayName of an EUInformation (Part 8, 5.6.3.2), which comes as JSON; "" when it is none.
func unitName(v model.Variant) string {
	if v.Type() != model.TypeExtensionObject || v.IsArray() {
		return ""
	}
	x := v.ExtensionObject()
	var unit struct{ DisplayName model.LocalizedText }
	if x.Encoding != model.ExtensionJSON || json.Unmarshal(x.Body, &unit) != nil {
		return ""
	}
	return unit.DisplayName.Text
}
