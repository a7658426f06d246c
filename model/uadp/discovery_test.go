package uadp

import (
	"bytes"
	"encoding/hex"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// fullMetaData is metadata that uses all there is.
func fullMetaData() *model.DataSetMetaDataType {
	text := func(s string) model.LocalizedText { return model.LocalizedText{Locale: "en", Text: s} }
	return &model.DataSetMetaDataType{
		DataTypeSchema: model.DataTypeSchema{
			Namespaces: []string{"urn:acme:boiler", "urn:acme:types"},
			Structures: []model.StructureDescription{{
				DataType: model.NumericID(2, 3001), Name: model.QualifiedName{Namespace: 2, Name: "Limits"}, EncodingID: model.NumericID(2, 5001),
				BaseDataType: model.NumericID(0, 22), Type: model.StructureWithOptionalFields,
				Fields: []model.StructureField{
					{Name: "Low", Description: text("lower"), DataType: model.NumericID(0, 11), ValueRank: -1},
					{Name: "Names", DataType: model.NumericID(0, 12), ValueRank: 1, ArrayDimensions: []uint32{4}, MaxStringLength: 20, Optional: true},
				},
			}, {DataType: model.StringID(1, "Empty")}},
			Enums: []model.EnumDescription{{
				DataType: model.NumericID(1, 3002), Name: model.QualifiedName{Namespace: 1, Name: "Mode"}, BuiltInType: model.TypeInt32,
				Fields: []model.EnumField{{Value: -1, DisplayName: text("off"), Description: text("not on"), Name: "Off"}, {Value: 1 << 40, Name: "On"}},
			}},
			Simple: []model.SimpleTypeDescription{{
				DataType: model.NumericID(1, 3003), Name: model.QualifiedName{Namespace: 1, Name: "Percent"}, BaseDataType: model.NumericID(0, 11), BuiltInType: model.TypeDouble,
			}},
		},
		Name: "Boiler1", Description: text("the boiler"), DataSetClassID: model.GUID{1, 2, 3}, Version: model.ConfigurationVersion{Major: 7, Minor: 8},
		Fields: []model.FieldMetaDataType{
			{
				Name: "Temperature", Description: text("of the water"), Flags: 1, BuiltInType: model.TypeDouble, DataType: model.NumericID(0, 11), ValueRank: -1,
				FieldID: model.GUID{9}, Properties: []model.KeyValuePair{
					{Key: model.QualifiedName{Name: "EngineeringUnits"}, Value: model.ExtensionObjectValue(&model.ExtensionObject{
						TypeID: model.Expanded(model.NumericID(0, 889)), Encoding: model.ExtensionBinary, Body: []byte{1, 2, 3},
					})},
					{Key: model.QualifiedName{Namespace: 1, Name: "Tags"}, Value: model.ArrayValue([]string{"a", "b"})},
				},
			},
			{Name: "Matrix", BuiltInType: model.TypeInt16, DataType: model.NumericID(0, 4), ValueRank: 2, ArrayDimensions: []uint32{2, 3}},
			{Name: "Text", BuiltInType: model.TypeString, DataType: model.NumericID(0, 12), ValueRank: -1, MaxStringLength: 80},
		},
	}
}

var equalMetaData = cmp.Options{
	cmp.Comparer(func(a, b model.Variant) bool { return a.Equal(b) }),
	cmp.Comparer(func(a, b model.NodeID) bool { return a == b }),
}

var discoveryHeader = Header{Content: ContentPublisherID | ContentGroupHeader | ContentTimestamp, PublisherID: UInt16PublisherID(2234)}

func TestMetaDataAnnouncement(t *testing.T) {
	for _, meta := range []*model.DataSetMetaDataType{{}, {Fields: []model.FieldMetaDataType{}}, fullMetaData()} {
		want := Announcement{Type: AnnounceDataSetMetaData, SequenceNumber: 3, WriterID: 62541, MetaData: meta, Status: 0x80010000}
		frame, err := AppendAnnouncement([]byte("before"), &discoveryHeader, &want)
		if err != nil {
			t.Fatal(err)
		}
		frame = frame[len("before"):]
		var d Decoder
		if kind, err := d.DecodeAny(frame); kind != KindAnnouncement || err != nil || d.Header().PublisherID != UInt16PublisherID(2234) || d.Next() {
			t.Fatalf("%v of %v, error %v", kind, d.Header().PublisherID, err)
		}
		got, err := d.Announcement()
		if err != nil {
			t.Fatal(err)
		}
		clear(frame) // the announcement has memory of its own
		d.Reset()
		if diff := cmp.Diff(want, got, equalMetaData); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	}
}

// TestAnnouncementBytes is written by hand after Part 14, Tables 154, 168 and 170, 6.2.3.2.3 and 6.2.3.2.4, and Part 6, 5.2.
func TestAnnouncementBytes(t *testing.T) {
	a := Announcement{Type: AnnounceDataSetMetaData, SequenceNumber: 3, WriterID: 7, MetaData: &model.DataSetMetaDataType{
		DataTypeSchema: model.DataTypeSchema{
			Namespaces: []string{"urn:a"},
			Simple:     []model.SimpleTypeDescription{{DataType: model.NumericID(1, 3003), Name: model.QualifiedName{Namespace: 1, Name: "P"}, BaseDataType: model.NumericID(0, 11), BuiltInType: model.TypeDouble}},
		},
		Name: "B", Version: model.ConfigurationVersion{Major: 5, Minor: 6},
		Fields: []model.FieldMetaDataType{{Name: "T", Description: model.LocalizedText{Text: "t"}, Flags: 1, BuiltInType: model.TypeDouble, DataType: model.NumericID(0, 11), ValueRank: -1}},
	}}
	want := "91 91 08 ba08 00 00000000 00" + // flags, publisher, no security
		"02 0300 0700" + // DataSetMetaData, sequence number, writer
		"01000000 05000000 75726e3a61 ffffffff ffffffff" + // namespaces, structures, enums
		"01000000 01 01 bb0b 0100 01000000 50 00 0b 0b" + // simple types
		"01000000 42 00" + // name, description
		"01000000 01000000 54 02 01000000 74 0100 0b 00 0b ffffffff ffffffff 00000000 00000000000000000000000000000000 ffffffff" + // fields
		"00000000000000000000000000000000 05000000 06000000 00000000" // class, version, status
	got, err := AppendAnnouncement(nil, &discoveryHeader, &a)
	if err != nil || !bytes.Equal(got, unspaced(t, want)) {
		t.Errorf("got %x, error %v; want %s", got, err, want)
	}
}

// TestAnnouncementRefuses each prefix of an announcement, and all else that is wrong with it.
func TestAnnouncementRefuses(t *testing.T) {
	frame, err := AppendAnnouncement(nil, &discoveryHeader, &Announcement{Type: AnnounceDataSetMetaData, MetaData: fullMetaData()})
	if err != nil {
		t.Fatal(err)
	}
	var d Decoder
	decode := func(frame []byte) (Announcement, error) {
		if _, err := d.DecodeAny(frame); err != nil {
			return Announcement{}, err
		}
		return d.Announcement()
	}
	for n := range frame {
		if _, err := decode(frame[:n]); !errors.Is(err, ErrTruncated) {
			t.Errorf("the first %d of %d bytes: error %v; want %v", n, len(frame), err, ErrTruncated)
		}
	}
	f := func(frame string, want error, typ AnnouncementType) {
		t.Helper()
		a, err := decode(unspaced(t, frame))
		var place *Error
		if !errors.Is(err, want) || !errors.As(err, &place) || a.Type != typ || a.MetaData != nil {
			t.Errorf("%s: %+v, error %v; want %v", frame, a, err, want)
		}
	}
	f(hex.EncodeToString(frame)+"00", ErrMalformed, AnnounceDataSetMetaData)
	f("91 91 08 ba08 00 00000000 00 01 0300 ffffffff 00000000", ErrUnsupportedAnnouncement, AnnouncePublisherEndpoints)
	f("91 81 08 ba08 03 0300", ErrUnsupportedAnnouncement, AnnounceDataSetWriterConfiguration)
	f("91 81 08 ba08 07 0300", ErrUnsupported, AnnounceActionMetaData)
	f("91 81 08 ba08 00 0300", ErrReserved, 0)
	f("91 81 08 ba08 08 0300", ErrReserved, 8)
	f("91 81 08 ba08 02 0300 0700 ffffff7f", ErrTruncated, AnnounceDataSetMetaData)
	f("01 01 0000", ErrType, 0)
	f("d1 81 08 ba08 01 0700 02", ErrMalformed, 0)
	if got := AnnouncementType(200).String() + AnnounceDataSetMetaData.String(); got != "AnnouncementType(200)DataSetMetaData" {
		t.Error(got)
	}
	for _, a := range []Announcement{{}, {Type: AnnounceDataSetMetaData}, {Type: AnnouncePublisherEndpoints, MetaData: fullMetaData()}} {
		if dst, err := AppendAnnouncement([]byte("x"), &discoveryHeader, &a); !errors.Is(err, ErrType) || string(dst) != "x" {
			t.Errorf("%v: error %v; want %v", a.Type, err, ErrType)
		}
	}
	large := Announcement{Type: AnnounceDataSetMetaData, MetaData: &model.DataSetMetaDataType{Fields: make([]model.FieldMetaDataType, 65536)}}
	if _, err := AppendAnnouncement(nil, &discoveryHeader, &large); !errors.Is(err, ErrLimit) {
		t.Errorf("error %v; want %v", err, ErrLimit)
	}
}

// TestAnnouncementInChunks: metadata that is too large for one frame.
func TestAnnouncementInChunks(t *testing.T) {
	want := Announcement{Type: AnnounceDataSetMetaData, SequenceNumber: 9, WriterID: 1, MetaData: fullMetaData()}
	body, err := AppendAnnouncementBody(nil, &want)
	if err != nil {
		t.Fatal(err)
	}
	frames, err := AppendChunks(nil, &discoveryHeader, Chunk{Of: KindAnnouncement, SequenceNumber: 9}, body, 100)
	if err != nil || len(frames) < 3 {
		t.Fatalf("%d frames, error %v", len(frames), err)
	}
	var d Decoder
	r := NewReassembler(ReassemblerLimits{})
	for i, f := range frames {
		if _, err := d.DecodeAny(f); err != nil {
			t.Fatal(err)
		}
		c, err := d.Chunk()
		if err != nil || c.Of != KindAnnouncement {
			t.Fatalf("%v, error %v", c.Of, err)
		}
		whole, err := r.Add(KeyOf("", d.Header(), &c), &c, uint64(i))
		if err != nil || (whole != nil) != (i == len(frames)-1) {
			t.Fatalf("frame %d of %d: %d bytes, error %v", i, len(frames), len(whole), err)
		}
		if whole == nil {
			continue
		}
		d.DecodeAnnouncement(d.Header(), whole)
		got, err := d.Announcement()
		if diff := cmp.Diff(want, got, equalMetaData); diff != "" || err != nil || d.Header().PublisherID != discoveryHeader.PublisherID {
			t.Errorf("error %v, -want +got:\n%s", err, diff)
		}
	}
}

// TestProbe: the bytes are written by hand after Part 14, Tables 178 to 180.
func TestProbe(t *testing.T) {
	f := func(p Probe, want string) {
		t.Helper()
		frame, err := AppendProbe(nil, &discoveryHeader, &p)
		if err != nil || !bytes.Equal(frame, unspaced(t, want)) {
			t.Fatalf("got %x, error %v; want %s", frame, err, want)
		}
		var d Decoder
		if kind, err := d.DecodeAny(frame); kind != KindProbe || err != nil {
			t.Fatal(kind, err)
		}
		got, err := d.Probe()
		if diff := cmp.Diff(p, got); diff != "" || err != nil {
			t.Errorf("error %v, -want +got:\n%s", err, diff)
		}
	}
	const head = "91 91 04 ba08 00 00000000 00 "
	f(Probe{ProbePublisherInformation, InformDataSetMetaData, []uint16{1, 62541}}, head+"01 02 02000000 0100 4df4")
	f(Probe{ProbePublisherInformation, InformDataSetWriterConfiguration, nil}, head+"01 03 00000000")
	f(Probe{ProbePublisherInformation, InformPublisherEndpoints, nil}, head+"01 01")
	f(Probe{Type: ProbeFindApplications}, head+"02")
}

func TestProbeRefuses(t *testing.T) {
	var d Decoder
	f := func(frame string, want error) {
		t.Helper()
		_, err := d.DecodeAny(unspaced(t, frame))
		if err == nil {
			_, err = d.Probe()
		}
		if !errors.Is(err, want) {
			t.Errorf("%s: error %v; want %v", frame, err, want)
		}
	}
	f("91 81 04 ba08 01 04 0000", ErrUnsupportedProbe)
	f("91 81 04 ba08 01 05", ErrUnsupportedProbe)
	f("91 81 04 ba08 01 00", ErrReserved)
	f("91 81 04 ba08 01 06", ErrReserved)
	f("91 81 04 ba08 00", ErrReserved)
	f("91 81 04 ba08 03", ErrReserved)
	f("91 81 04 ba08", ErrTruncated)
	f("91 81 04 ba08 01 02 02000000 0100", ErrTruncated)
	f("91 81 04 ba08 02 00", ErrMalformed)
	f("91 81 08 ba08 02 00", ErrType)
	for _, p := range []Probe{
		{},
		{Type: ProbePublisherInformation},
		{ProbePublisherInformation, InformPubSubConnections, nil},
		{ProbePublisherInformation, InformPublisherEndpoints, []uint16{1}},
		{ProbeFindApplications, 0, []uint16{1}},
	} {
		if _, err := AppendProbe(nil, &discoveryHeader, &p); !errors.Is(err, ErrType) {
			t.Errorf("%+v: error %v; want %v", p, err, ErrType)
		}
	}
}
