/* The structure Vec3, which is told to clients by its DataTypeDefinition, and methods. */
#include "plant.h"

#include <string.h>

typedef struct {
    UA_Double x, y, z;
} Vec3;

static void describe_vec3(UA_Server *server) {
    UA_StructureField fields[3];
    char *names[] = {"X", "Y", "Z"};
    for(int i = 0; i < 3; i++) {
        UA_StructureField_init(&fields[i]);
        fields[i].name = UA_STRING(names[i]);
        fields[i].dataType = NS0(DOUBLE);
        fields[i].valueRank = UA_VALUERANK_SCALAR;
    }
    UA_StructureDescription description;
    UA_StructureDescription_init(&description);
    description.dataTypeId = ID("Vec3");
    description.name = NAME("Vec3");
    description.structureDefinition.baseDataType = NS0(STRUCTURE);
    description.structureDefinition.defaultEncodingId = ID("Vec3.Binary");
    description.structureDefinition.structureType = UA_STRUCTURETYPE_STRUCTURE;
    description.structureDefinition.fields = fields;
    description.structureDefinition.fieldsSize = 3;
    UA_ExtensionObject object;
    UA_ExtensionObject_setValueNoDelete(&object, &description, &UA_TYPES[UA_TYPES_STRUCTUREDESCRIPTION]);
    check(UA_Server_addDataTypeFromDescription(server, &object), "Vec3");
}

void add_structure(UA_Server *server) {
    describe_vec3(server);
    UA_DataTypeAttributes type = UA_DataTypeAttributes_default;
    type.displayName = UA_LOCALIZEDTEXT("", "Vec3");
    check(UA_Server_addDataTypeNode(server, ID("Vec3"), NS0(STRUCTURE), NS0(HASSUBTYPE), NAME("Vec3"), type, NULL, NULL), "Vec3");
    UA_ObjectAttributes encoding = UA_ObjectAttributes_default;
    encoding.displayName = UA_LOCALIZEDTEXT("", "Default Binary");
    check(UA_Server_addObjectNode(server, ID("Vec3.Binary"), UA_NODEID_NULL, UA_NODEID_NULL, UA_QUALIFIEDNAME(0, "Default Binary"), NS0(DATATYPEENCODINGTYPE), encoding, NULL, NULL), "Vec3.Binary");
    check(UA_Server_addReference(server, ID("Vec3"), NS0(HASENCODING), UA_EXPANDEDNODEID_STRING(PLANT_NAMESPACE, "Vec3.Binary"), true), "Vec3.Binary");

    const UA_NodeId id = ID("Vec3");
    Vec3 value = {1, 2, 3};
    UA_VariableAttributes attr = UA_VariableAttributes_default;
    UA_Variant_setScalar(&attr.value, &value, UA_Server_findDataType(server, &id));
    attr.dataType = id;
    attr.valueRank = UA_VALUERANK_SCALAR;
    attr.accessLevel = UA_ACCESSLEVELMASK_READ | UA_ACCESSLEVELMASK_WRITE;
    add_variable(server, "Plant", "Struct_Vec3", attr);
}

static UA_StatusCode add(UA_Server *server, const UA_NodeId *session, void *sessionContext, const UA_NodeId *method, void *methodContext,
                         const UA_NodeId *object, void *objectContext, size_t inputs, const UA_Variant *input, size_t outputs, UA_Variant *output) {
    (void)server, (void)session, (void)sessionContext, (void)method, (void)methodContext, (void)object, (void)objectContext, (void)inputs, (void)outputs;
    UA_Double sum = *(UA_Double *)input[0].data + *(UA_Double *)input[1].data;
    return UA_Variant_setScalarCopy(output, &sum, &UA_TYPES[UA_TYPES_DOUBLE]);
}

static UA_Argument argument(char *name) {
    UA_Argument a;
    UA_Argument_init(&a);
    a.name = UA_STRING(name);
    a.dataType = NS0(DOUBLE);
    a.valueRank = UA_VALUERANK_SCALAR;
    a.description = UA_LOCALIZEDTEXT("", name);
    return a;
}

void add_methods(UA_Server *server) {
    UA_Argument inputs[] = {argument("a"), argument("b")}, output = argument("sum");
    UA_MethodAttributes attr = UA_MethodAttributes_default;
    attr.displayName = UA_LOCALIZEDTEXT("", "Add");
    attr.executable = attr.userExecutable = true;
    check(UA_Server_addMethodNode(server, ID("Add"), ID("Plant"), NS0(HASCOMPONENT), NAME("Add"), attr, add, 2, inputs, 1, &output, NULL, NULL), "Add");
}
