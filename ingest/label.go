package ingest

import (
	"maps"
	"slices"
	"strings"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// The metrics.
const (
	metricValue  = "opcua_value"
	metricStatus = "opcua_status"
)

// The labels of every series. Extension fields never replace them.
const (
	labelGateway = "gateway"
	labelServer  = "server"
	labelGroup   = "group"
	labelWriter  = "writer"
	labelField   = "field"
	labelNode    = "node"
	labelPath    = "path"
	labelUnit    = "unit"
	labelElement = "element"
)

// exportedPrefix goes before the label of an extension field that has the name of a fixed one, as Prometheus does it.
const exportedPrefix = "exported_"

// maxExtensionLabels bounds the labels made of extension fields, so that Prometheus' usual limit of 40 labels is kept.
const maxExtensionLabels = 28

// seriesLabels are the labels of a field without its element.
func seriesLabels(m *model.DataSetMetaData, f *model.FieldMetaData, extension []Label) []Label {
	node := ""
	if !f.Node.IsNull() {
		node = f.Node.String()
	}
	return append([]Label{
		{labelGateway, m.Gateway},
		{labelServer, m.Server},
		{labelGroup, m.Group},
		{labelWriter, m.Writer},
		{labelField, f.Name},
		{labelNode, node},
		{labelPath, f.Path},
		{labelUnit, f.Unit},
	}, extension...)
}

// extensionLabels makes labels of extension fields, in the order of their names. When two names make one label the first
// in that order stays.
func extensionLabels(fields map[string]string) []Label {
	var labels []Label
	used := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		label := labelName(name)
		if used[label] || fields[name] == "" || len(labels) == maxExtensionLabels {
			continue
		}
		used[label] = true
		labels = append(labels, Label{label, fields[name]})
	}
	return labels
}

// labelName makes a label name of any text: letters, digits and '_', not beginning with a digit or "__".
func labelName(name string) string {
	var b strings.Builder
	for i := range len(name) {
		c := name[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9' && i > 0:
			b.WriteByte(c)
		case '0' <= c && c <= '9':
			b.WriteByte('_')
			b.WriteByte(c)
		default:
			b.WriteByte('_')
		}
	}
	label := b.String()
	switch label {
	case labelGateway, labelServer, labelGroup, labelWriter, labelField, labelNode, labelPath, labelUnit, labelElement:
		return exportedPrefix + label
	}
	if label == "" || strings.HasPrefix(label, "__") {
		return exportedPrefix + label
	}
	return label
}
