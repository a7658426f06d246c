// Package typed makes a GraphQL schema of an OPC UA type model at run time: an interface and an object for each ObjectType, objects for
// variables, structures, enumerations, methods as mutations. The schema extends the fixed one of package graph and uses its types.
//
// # Names
//
// A type is named <prefix>_<BrowseName>. The prefix comes from the URI of the namespace, all of its parts behind /UA/ joined, without
// versions: http://opcfoundation.org/UA/Machinery/Result/ is MachineryResult. What belongs to a type adds to its name: DI_DeviceType_Object,
// DI_DeviceType_Page. Names of the fixed schema have no underscore, so the two never meet. A field has the BrowseName as it is, or with the prefix of
// its namespace behind it where the type has a field of that name already: those of the fixed Node come first. What a name
// of GraphQL cannot have becomes an underscore; Names records what was given to what, so that nothing is ever renamed because of a
// namespace that came later.
//
// # Types
//
//   - ObjectType: an interface that implements the fixed Node, which is what fields refer to, and always an object <name>_Object, which also stands for instances whose own
//     subtype is not known. HasSubtype and HasInterface are implements.
//   - A declaration that has more below it than its type definition (DI's ParameterSet, say): a type of its own, <type>_<BrowseName>.
//   - VariableType: an interface, and an object per type of the value, <name>_of_<type>. Properties are plain values.
//   - Structure: a type and an input <name>_Input; a union's input is @oneOf; an abstract one is an interface. Enumeration: an enum.
//     Option set: a list of an enum. UInt32 and 64-bit integers, Guid, ByteString, XmlElement: scalars. All else is a Variant.
//   - Type of events: an interface <prefix>_<name>Event, of BoilerTripEventType and of BoilerTripType alike BoilerTripEvent, that implements the fixed
//     Event and the interfaces of its supertypes, and always an object <name>_Object. Fields begin with a small letter, as those of the fixed
//     events do; what has declarations below it is an object, <type>_<BrowseName>, with a field value if it is a variable. What the standard
//     declares has the fixed schema's fields. Types that the fixed schema has are not made anew. Conditions have besides the types of ObjectTypes, as nodes.
//   - Method: a field of Mutation, with an input per argument, and a type <name>_Result.
//
// Everything but identities may be null: real servers lack nodes that a type says are mandatory, and a Bad status must not take a list with it. So may be the
// root fields: what one of them cannot answer must not take the others with it, least of all what methods and writes before it did.
//
// # Running
//
// An Executable runs operations on the merged schema: root fields of the fixed part go to generated code, an operation with none of its own
// as it is. For typed fields the address space is looked at level by level, one Browse for a server and level; then all values that the query
// asks for, of all its typed root fields, are read in one Read for each server. Fields of fixed types below typed objects (server, node) are
// run on the fixed schema, all that one selection asks of a server together. The other way round, nodes of the fixed schema are given as the
// objects of their types where a query has fragments for these (lift.go).
//
// What the platform has stored of variables is asked for together: one question to the store for all that have the same arguments. With source SERVER the servers are
// asked for what they keep themselves, each once for all that have the same arguments.
//
// A subscription looks at the address space once, and has all values that it asks for monitored, one Monitor for a server. Each delivery is a run
// over the instances that changed, on what is known; servers are asked for nothing, but for fields of fixed types. A write browses the components
// of its instances level by level, and is one Write for a server.
//
// All who subscribe to the same fields with the same arguments, on the same schema, are readers of one feed (live.Feeds): monitored, followed and rendered once.
// The fields stream and sequence of its deliveries are for the argument resume, by which a client that lost its connection is given what it missed. Where that is
// not kept any more, after another schema came, and for readers that are too slow, a complete delivery with overflow takes the place of those that
// were left out; one without overflow is what a reader that joins later begins with.
//
// Which objects a server has below Objects and in views is remembered (Space): for half a minute, or as long as the server tells of none that came
// or went. Instances of a type that the schema does not have are found as what they are known to be: objects.
//
// # Changes
//
// A schema is made anew when models change, and takes the place of the one before (package graph). Compare tells what that breaks, Offender which
// namespace keeps a schema from going together with the fixed one, ModelVersions whether a server's types need reading at all.
package typed
