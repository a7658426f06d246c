package nodeset

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/shopfloor-iiot/shopfloor/edge/opcua/opcuatest"
	"github.com/shopfloor-iiot/shopfloor/model"
)

func id(t *testing.T, s string) model.ExpandedNodeID {
	t.Helper()
	e, err := model.ParseExpandedNodeID(s)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func find(t *testing.T, d *Document, nodeID string) *model.Node {
	t.Helper()
	want := id(t, nodeID)
	for _, n := range d.Nodes {
		if n.NodeID == want {
			return n
		}
	}
	t.Fatalf("no node %s", nodeID)
	return nil
}

func TestReadsEveryPublishedNodeSet(t *testing.T) {
	nodes := 0
	for _, file := range opcuatest.NodeSets(t) {
		d, err := ReadFile(file)
		if err != nil {
			t.Errorf("%s: %v", filepath.Base(file), err)
			continue
		}
		nodes += len(d.Nodes)
		for _, p := range d.Problems {
			t.Errorf("%s: %v", filepath.Base(file), p)
		}
		if len(d.Models) == 0 || d.Models[0].URI == "" || d.Models[0].PublicationDate.IsZero() {
			t.Errorf("%s: models %+v", filepath.Base(file), d.Models)
		}
	}
	if nodes < 20_000 {
		t.Errorf("%d nodes in all files, want over 20,000", nodes)
	}
}

func TestDI(t *testing.T) {
	const uri = "http://opcfoundation.org/UA/DI/"
	d, err := ReadFile(opcuatest.NodeSet(t, "Opc.Ua.Di.NodeSet2.xml"))
	if err != nil {
		t.Fatal(err)
	}
	if m := d.Models[0]; m.URI != uri || m.Version == "" || len(m.Required) != 1 || m.Required[0].URI != "http://opcfoundation.org/UA/" {
		t.Errorf("model %+v", m)
	}
	device := find(t, d, "nsu="+uri+";i=1002")
	if device.Class != model.NodeClassObjectType || device.BrowseName != (model.QualifiedName{Name: "DeviceType", NamespaceURI: uri}) || !device.IsAbstract {
		t.Errorf("DeviceType %+v", device)
	}
	subtype := model.NodeReference{Type: id(t, "i=45"), Target: id(t, "nsu="+uri+";i=15063"), Inverse: true}
	found := false
	for _, r := range device.References {
		found = found || r == subtype
	}
	if !found {
		t.Errorf("DeviceType has no inverse HasSubtype to ComponentType: %v", device.References)
	}
	health := find(t, d, "nsu="+uri+";i=6244")
	if health.Definition == nil || health.Definition.Kind != model.DefinesEnumeration || len(health.Definition.Fields) != 5 || health.Definition.Fields[1].Name != "FAILURE" || health.Definition.Fields[1].Value != 1 {
		t.Errorf("DeviceHealthEnumeration %+v", health.Definition)
	}
	arguments := 0
	for _, n := range d.Nodes {
		if n.BrowseName.Name == "InputArguments" {
			arguments += len(n.Arguments)
			for _, a := range n.Arguments {
				if a.Name == "" || a.DataType.IsNull() {
					t.Errorf("argument %+v of %s", a, n.NodeID)
				}
			}
		}
	}
	if arguments < 10 {
		t.Errorf("%d input arguments", arguments)
	}
}

// values is a node set whose variables have values of all types.
const values = `<?xml version="1.0" encoding="utf-8"?>
<!-- a comment -->
<UANodeSet xmlns="http://opcfoundation.org/UA/2011/03/UANodeSet.xsd" xmlns:u="http://opcfoundation.org/UA/2008/02/Types.xsd">
<NamespaceUris><Uri>urn:a</Uri><Uri>http://opcfoundation.org/UA/</Uri></NamespaceUris>
<Aliases><Alias Alias="Organizes">i=35</Alias></Aliases>
<UAVariable NodeId="ns=1;s=A &amp; B" BrowseName="1:Text" DataType="i=12"><DisplayName Locale="en">Tom &lt;3 &#x4a;erry</DisplayName><DisplayName Locale="de">x</DisplayName>
  <References><Reference ReferenceType="Organizes" IsForward="false">ns=2;i=85</Reference></References>
  <Value><u:String> <![CDATA[<raw> & ]]>kept </u:String></Value></UAVariable>
<UAVariable NodeId="ns=1;i=1" BrowseName="1:Doubles" DataType="i=11" ValueRank="1" ArrayDimensions="3"><Value><u:ListOfDouble><u:Double>1.5</u:Double><u:Double>-INF</u:Double><u:Double>NaN</u:Double></u:ListOfDouble></Value></UAVariable>
<UAVariable NodeId="ns=1;i=2" BrowseName="1:Range" DataType="i=884"><Value><u:ExtensionObject><u:TypeId><u:Identifier>i=885</u:Identifier></u:TypeId><u:Body><u:Range><u:Low>0</u:Low><u:High>9</u:High></u:Range></u:Body></u:ExtensionObject></Value></UAVariable>
<UAVariable NodeId="ns=1;i=3" BrowseName="1:Guid"><Value><u:Guid><u:String>72962b91-fa75-4ae6-8d28-b404dc7daf63</u:String></u:Guid></Value></UAVariable>
<UAVariable NodeId="ns=1;i=4" BrowseName="1:Id"><Value><u:NodeId><u:Identifier>ns=1;i=7</u:Identifier></u:NodeId></Value></UAVariable>
<UAVariable NodeId="ns=1;i=5" BrowseName="1:Name"><Value><u:QualifiedName><u:NamespaceIndex>1</u:NamespaceIndex><u:Name>N</u:Name></u:QualifiedName></Value></UAVariable>
<UAVariable NodeId="ns=1;i=6" BrowseName="1:Texts"><Value><u:ListOfLocalizedText><u:LocalizedText><u:Locale>de</u:Locale><u:Text>Zu</u:Text></u:LocalizedText><u:LocalizedText/></u:ListOfLocalizedText></Value></UAVariable>
<UAVariable NodeId="ns=1;i=7" BrowseName="1:Bytes"><Value><u:ByteString>AQ
ID</u:ByteString></Value></UAVariable>
<UAVariable NodeId="ns=1;i=8" BrowseName="1:Bad"><Value><u:ListOfInt16><u:Int16>1</u:Int16><u:Int16>70000</u:Int16><u:Int16>2</u:Int16></u:ListOfInt16></Value></UAVariable>
<UAVariable NodeId="ns=1;i=9" BrowseName="1:Time"><Value><u:DateTime>2026-01-02T03:04:05</u:DateTime></Value></UAVariable>
<UAVariable NodeId="ns=1;i=11" BrowseName="1:Matrix"><Value><u:Matrix><u:Dimensions><u:Int32>2</u:Int32><u:Int32>2</u:Int32></u:Dimensions><u:Elements><u:Byte>1</u:Byte><u:Byte>2</u:Byte><u:Byte>3</u:Byte><u:Byte>4</u:Byte></u:Elements></u:Matrix></Value></UAVariable>
<UAVariable NodeId="ns=1;i=10" BrowseName="1:Flag"><Value><u:Boolean>true</u:Boolean></Value></UAVariable>
</UANodeSet>`

func TestValues(t *testing.T) {
	d, err := Parse([]byte(values))
	if err != nil {
		t.Fatal(err)
	}
	text := find(t, d, "nsu=urn:a;s=A & B")
	if text.DisplayName != (model.LocalizedText{Locale: "en", Text: "Tom <3 Jerry"}) {
		t.Errorf("display name %+v", text.DisplayName)
	}
	if r := text.References[0]; r.Type != id(t, "i=35") || r.Target != id(t, "i=85") || !r.Inverse {
		t.Errorf("reference %+v: an alias, and the namespace of OPC UA under an index of its own", r)
	}
	for nodeID, want := range map[string]string{
		"s=A & B": `" <raw> & kept "`,
		"i=1":     `[1.5,"-Infinity","NaN"]`,
		"i=3":     `"72962b91-fa75-4ae6-8d28-b404dc7daf63"`,
		"i=4":     `"nsu=urn:a;i=7"`,
		"i=5":     `{"namespaceUri":"urn:a","name":"N"}`,
		"i=6":     `[{"locale":"de","text":"Zu"},{"text":""}]`,
		"i=7":     `"AQID"`,
		"i=8":     `null`,
		"i=9":     `"2026-01-02T03:04:05Z"`,
		"i=10":    `true`,
		"i=11":    `[[1,2],[3,4]]`,
	} {
		if got := string(find(t, d, "nsu=urn:a;"+nodeID).Value.AppendJSON(nil)); got != want {
			t.Errorf("value of %s is %s, want %s", nodeID, got, want)
		}
	}
	if e := find(t, d, "nsu=urn:a;i=2").Value.ExtensionObject(); e.TypeID != id(t, "i=885") || e.Encoding != model.ExtensionXML || string(e.Body) != "<u:Range><u:Low>0</u:Low><u:High>9</u:High></u:Range>" {
		t.Errorf("structure %+v %s", e, e.Body)
	}
	if d.ProblemCount != 1 || d.Problems[0].Line != 17 || !strings.Contains(d.Problems[0].Message, `"70000" is no integer of 16 bits`) {
		t.Errorf("problems %v", d.Problems)
	}
}

func TestRefusals(t *testing.T) {
	wrap := func(s string) string { return "<UANodeSet>\n" + s + "</UANodeSet>" }
	for name, c := range map[string]struct{ text, want string }{
		"other file":       {"<html/>", "line 1: the root element is <html>, want <UANodeSet>; is this a NodeSet2 file?"},
		"empty":            {"", "line 1: the root element is <>, want <UANodeSet>; is this a NodeSet2 file?"},
		"DTD":              {"<!DOCTYPE a [<!ENTITY b 'c'>]><UANodeSet/>", "line 1: a document type declaration is not taken; remove it"},
		"UTF-16":           {"\xff\xfe<\x00", "the file is UTF-16; save it as UTF-8"},
		"Latin-1":          {wrap("<UAObject NodeId='i=1'><DisplayName>\xe4</DisplayName></UAObject>"), "line 2: the text is no UTF-8; save the file as UTF-8"},
		"entity":           {wrap("<UAObject NodeId='&x;'/>"), "line 2: reference &x; is unknown"},
		"tags":             {wrap("<Models></Model>"), "line 2: </Model> closes no open element"},
		"cut off":          {"<UANodeSet><Models>", "line 1: the file ends within <Models>"},
		"two roots":        {"<UANodeSet/><UANodeSet/>", "line 1: a second root element"},
		"depth":            {wrap(strings.Repeat("<a>", 200)), "line 2: elements are nested over 128 deep"},
		"no node id":       {wrap("<UAObject BrowseName='a'/>"), "line 2: <UAObject> has no NodeId"},
		"node id":          {wrap("\n<UAObject NodeId='q=1'/>"), `line 3: node id "q=1": identifier type "q" is unknown; want i=, s=, g= or b=; it is no alias of the file either`},
		"namespace":        {wrap("<UAObject NodeId='ns=3;i=1'/>"), "line 2: namespace index 3 is not in NamespaceUris, which has 0"},
		"attribute":        {wrap("<UAVariable NodeId='i=1' ValueRank='x'/>"), `line 2: attribute ValueRank="x" of <UAVariable>: strconv.ParseInt: parsing "x": invalid syntax`},
		"unquoted":         {wrap("<UAObject NodeId=1/>"), "line 2: the value of attribute NodeId of <UAObject> is not quoted"},
		"text outside":     {"x<UANodeSet/>", `line 1: text outside of an element: "x"`},
		"reference target": {wrap("<UAObject NodeId='i=1'><References><Reference ReferenceType='i=35'>?</Reference></References></UAObject>"), `line 2: node id "?": "?" is no identifier; want i=, s=, g= or b=, as in ns=2;s=Temp, nsu=urn:acme;i=7 or i=2258; it is no alias of the file either`},
	} {
		_, err := Parse([]byte(c.text))
		if err == nil || err.Error() != c.want {
			t.Errorf("%s: error %q, want %q", name, err, c.want)
		}
	}
	if _, err := ReadFile(filepath.Join(t.TempDir(), "none.xml")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
}

func TestProblemsAreBounded(t *testing.T) {
	text := "<UANodeSet>" + strings.Repeat("<UAVariable NodeId='i=1'><Value><Int16>x</Int16></Value></UAVariable>", 3*MaxProblems) + "</UANodeSet>"
	d, err := Parse([]byte(text))
	if err != nil || len(d.Nodes) != 3*MaxProblems || len(d.Problems) != MaxProblems || d.ProblemCount != 3*MaxProblems {
		t.Errorf("%d nodes, %d of %d problems, %v", len(d.Nodes), len(d.Problems), d.ProblemCount, err)
	}
}

func TestRequirements(t *testing.T) {
	var all []*Document
	for _, file := range opcuatest.NodeSets(t) {
		d, err := ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, d)
	}
	for _, u := range Check(all) {
		if u.Have == nil {
			t.Error(u)
		}
	}
	if !all[0].published().After(all[len(all)-1].published()) {
		t.Error("newer models do not come first")
	}
	read := func(text string) *Document {
		d, err := Parse([]byte("<UANodeSet><Models>" + text + "</Models></UANodeSet>"))
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	machine := read(`<Model ModelUri="urn:m"><RequiredModel ModelUri="urn:a" Version="2" PublicationDate="2026-01-02T00:00:00Z"/></Model>`)
	older := read(`<Model ModelUri="urn:a" Version="1" PublicationDate="2025-01-02T00:00:00Z"/>`)
	newer := read(`<Model ModelUri="urn:a" Version="3" PublicationDate="2026-02-02"/>`)
	for want, documents := range map[string][]*Document{
		"[model urn:m needs urn:a (2 of 2026-01-02), which no file has; add the node set of it]":                     {machine},
		"[model urn:m needs urn:a in version 2 of 2026-01-02, there is 1 of 2025-01-02; add a newer node set of it]": {machine, older},
		"[]": {older, machine, newer},
	} {
		if got := fmt.Sprint(Check(documents)); got != want {
			t.Errorf("unmet %s, want %s", got, want)
		}
	}
}
