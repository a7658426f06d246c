/* Events of the type PlantEventType with fields of its own: one each second, or EVENT_MS, and one for each call of RaiseEvent. */
#include "plant.h"

#include <stdlib.h>
#include <string.h>

static UA_UInt32 number;

static UA_StatusCode raise_event(UA_Server *server, UA_LocalizedText message, UA_UInt16 severity) {
    number++;
    UA_String machine = UA_STRING("press-1");
    UA_KeyValuePair fields[2];
    fields[0].key = NAME("/Machine");
    UA_Variant_setScalar(&fields[0].value, &machine, &UA_TYPES[UA_TYPES_STRING]);
    fields[1].key = NAME("/Number");
    UA_Variant_setScalar(&fields[1].value, &number, &UA_TYPES[UA_TYPES_UINT32]);
    UA_KeyValueMap map = {2, fields};
    return UA_Server_createEvent(server, ID("Plant"), ID("PlantEventType"), severity, message, &map, NULL, NULL);
}

static void tick(UA_Server *server, void *data) {
    (void)data;
    check(raise_event(server, UA_LOCALIZEDTEXT("en", "part finished"), 300), "raise an event");
}

static UA_StatusCode raise_method(UA_Server *server, const UA_NodeId *session, void *sessionContext, const UA_NodeId *method, void *methodContext,
                                  const UA_NodeId *object, void *objectContext, size_t inputs, const UA_Variant *input, size_t outputs, UA_Variant *output) {
    (void)session, (void)sessionContext, (void)method, (void)methodContext, (void)object, (void)objectContext, (void)inputs, (void)outputs, (void)output;
    UA_LocalizedText message = {UA_STRING("en"), *(UA_String *)input[0].data};
    return raise_event(server, message, *(UA_UInt16 *)input[1].data);
}

static void add_field(UA_Server *server, const char *id, const char *name, int type) {
    UA_VariableAttributes attr = UA_VariableAttributes_default;
    attr.displayName = UA_LOCALIZEDTEXT("", (char *)(uintptr_t)name);
    attr.dataType = UA_TYPES[type].typeId;
    attr.valueRank = UA_VALUERANK_SCALAR;
    check(UA_Server_addVariableNode(server, ID(id), ID("PlantEventType"), NS0(HASPROPERTY), NAME(name), NS0(PROPERTYTYPE), attr, NULL, NULL), name);
    check(UA_Server_addReference(server, ID(id), NS0(HASMODELLINGRULE), UA_EXPANDEDNODEID_NUMERIC(0, UA_NS0ID_MODELLINGRULE_MANDATORY), true), name);
}

void add_events(UA_Server *server) {
    UA_ObjectTypeAttributes type = UA_ObjectTypeAttributes_default;
    type.displayName = UA_LOCALIZEDTEXT("", "PlantEventType");
    check(UA_Server_addObjectTypeNode(server, ID("PlantEventType"), NS0(BASEEVENTTYPE), NS0(HASSUBTYPE), NAME("PlantEventType"), type, NULL, NULL), "PlantEventType");
    add_field(server, "PlantEventType.Machine", "Machine", UA_TYPES_STRING);
    add_field(server, "PlantEventType.Number", "Number", UA_TYPES_UINT32);
    UA_Argument inputs[2];
    for(int i = 0; i < 2; i++) {
        UA_Argument_init(&inputs[i]);
        inputs[i].name = UA_STRING(i == 0 ? "text" : "severity");
        inputs[i].dataType = UA_TYPES[i == 0 ? UA_TYPES_STRING : UA_TYPES_UINT16].typeId;
        inputs[i].valueRank = UA_VALUERANK_SCALAR;
    }
    UA_MethodAttributes attr = UA_MethodAttributes_default;
    attr.displayName = UA_LOCALIZEDTEXT("", "RaiseEvent");
    attr.executable = attr.userExecutable = true;
    check(UA_Server_addMethodNode(server, ID("RaiseEvent"), ID("Plant"), NS0(HASCOMPONENT), NAME("RaiseEvent"), attr, raise_method, 2, inputs, 0, NULL, NULL, NULL), "RaiseEvent");
    double period = atof(setting("EVENT_MS", "1000"));
    if(period > 0)
        check(UA_Server_addRepeatedCallback(server, tick, NULL, period, NULL), "raise events");
}
