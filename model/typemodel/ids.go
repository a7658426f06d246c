package typemodel

import "github.com/shopfloor-iiot/shopfloor/model"

// Nodes of the standard that types are made of (Part 6, Annex A).
var (
	HierarchicalReferences = standard(33)
	Organizes              = standard(35)
	HasModellingRule       = standard(37)
	HasTypeDefinition      = standard(40)
	Aggregates             = standard(44)
	HasSubtype             = standard(45)
	HasProperty            = standard(46)
	HasComponent           = standard(47)
	HasInterface           = standard(17603)

	BaseObjectType       = standard(58)
	FolderType           = standard(61)
	BaseVariableType     = standard(62)
	BaseDataVariableType = standard(63)
	PropertyType         = standard(68)
	BaseEventType        = standard(2041)
	BaseInterfaceType    = standard(17602)

	BaseDataType = standard(24)
	Structure    = standard(22)
	Union        = standard(12756)
	Enumeration  = standard(29)
	OptionSet    = standard(12755)

	ruleMandatory            = standard(78)
	ruleOptional             = standard(80)
	ruleExposesItsArray      = standard(83)
	ruleOptionalPlaceholder  = standard(11508)
	ruleMandatoryPlaceholder = standard(11510)
)

func standard(n uint32) model.ExpandedNodeID { return model.Expanded(model.NumericID(0, n)) }
