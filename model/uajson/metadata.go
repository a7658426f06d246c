package uajson

import "github.com/shopfloor-iiot/shopfloor/model"

// MetaData is the metadata message of a DataSet (Part 14, 7.2.5.5.2).
type MetaData struct {
	MessageID   string
	PublisherID string
	// WriterID is 0 where the publisher gives a name only.
	WriterID        uint16
	WriterName      string
	WriterGroupName string
	Timestamp       model.DateTime
	// DataSet is the metadata itself. Its NodeIds have the indices of its Namespaces.
	DataSet model.DataSetMetaDataType
}

// namespaceTable makes the table that the indices in metadata refer to: namespaces are listed from index 1 on by the standard (Part 5,
// 12.31), and from 0 on by publishers that list that of OPC UA too.
func namespaceTable(namespaces []string) model.NamespaceTable {
	if len(namespaces) > 0 && namespaces[0] == namespaceZero {
		return namespaces
	}
	return append(model.NamespaceTable{namespaceZero}, namespaces...)
}
