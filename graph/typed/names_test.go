package typed

import (
	"encoding/json"
	"testing"

	"github.com/shopfloor-iiot/shopfloor/model"
)

func TestPrefixes(t *testing.T) {
	for uri, want := range map[string]string{
		"http://opcfoundation.org/UA/":                   "UA",
		"http://opcfoundation.org/UA/DI/":                "DI",
		"http://opcfoundation.org/UA/Scales/V2/":         "Scales",
		"http://opcfoundation.org/UA/Machinery/Result/":  "MachineryResult",
		"http://opcfoundation.org/UA/IJT/Base/":          "IJTBase",
		"http://acme.com/2024/01/boiler-types/":          "BoilerTypes",
		"http://acme.com":                                "AcmeCom",
		"urn:shopfloor:plant:types":                      "ShopfloorPlantTypes",
		"urn:plc7.acme.com:3S - Smart Software:CODESYS4": "Plc7AcmeCom3SSmartSoftwareCODESYS4",
		"urn:1:2": "NS" + digest("urn:1:2"),
		"":        "NS" + digest(""),
	} {
		if got := prefixOf(uri); got != want {
			t.Errorf("prefix of %q is %q, want %q", uri, got, want)
		}
	}
}

func TestClean(t *testing.T) {
	for name, want := range map[string]string{
		"DeviceType": "DeviceType", "<CPIdentifier>": "CPIdentifier", "a b-ü": "a_b__", "3D": "n3D", "__x": "_x", "": "n", "<>": "n", "_": "_",
	} {
		if got := clean(name); got != want {
			t.Errorf("%q becomes %q, want %q", name, got, want)
		}
	}
}

func id(n uint32, uri string) model.ExpandedNodeID {
	return model.ExpandedNodeID{NodeID: model.NumericID(0, n), NamespaceURI: uri}
}

// A table that was written down keeps every name, also that of what came first and now comes second.
func TestNamesStay(t *testing.T) {
	first, err := (*Names)(nil).clone(map[string]string{"urn:b": "Bee"})
	if err != nil {
		t.Fatal(err)
	}
	if got := first.prefix("urn:b"); got != "Bee" {
		t.Errorf("preferred prefix %q", got)
	}
	if got := first.prefix("urn:x:a"); got != "XA" {
		t.Errorf("prefix %q", got)
	}
	late := first.node(id(9, "urn:x:a"), "", "XA_Type")
	stored, err := json.Marshal(first)
	if err != nil {
		t.Fatal(err)
	}
	var read Names
	if err := json.Unmarshal(stored, &read); err != nil {
		t.Fatal(err)
	}
	second, err := read.clone(map[string]string{"urn:b": "Other"})
	if err != nil {
		t.Fatal(err)
	}
	if got := second.prefix("urn:x-a"); got != "XA"+digest("urn:x-a") {
		t.Errorf("prefix of the second namespace %q", got)
	}
	if got := second.node(id(1, "urn:x:a"), "", "XA_Type"); got == late || second.collisions != 2 {
		t.Errorf("the second type of that name is %q, %d collisions", got, second.collisions)
	}
	if got := second.node(id(9, "urn:x:a"), "", "XA_Type"); got != late {
		t.Errorf("the first type is now %q", got)
	}
	if got := second.prefix("urn:b"); got != "Bee" {
		t.Errorf("a recorded prefix became %q", got)
	}
}

func TestNamesRefusals(t *testing.T) {
	for want, n := range map[string]*Names{
		`name "a b" of urn:a: use letters, digits and '_', a letter first`: {Prefixes: map[string]string{"urn:a": "a b"}},
		`name "" of urn:a: use letters, digits and '_', a letter first`:    {Prefixes: map[string]string{"urn:a": ""}},
	} {
		if _, err := n.clone(nil); err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
	n := &Names{Prefixes: map[string]string{"urn:a": "A"}}
	if _, err := n.clone(map[string]string{"urn:b": "a"}); err == nil {
		t.Error("two namespaces have one prefix")
	}
}
