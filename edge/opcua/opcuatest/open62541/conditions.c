/* A tank with an alarm: it is active while TankLevel is above 80, and severity 900 above 95. open62541 itself carries out Enable, Disable, AddComment,
 * Acknowledge, Confirm and ConditionRefresh. */
#include "plant.h"

#include <stdio.h>

static void set_field(UA_Server *server, const char *field, void *value, int type) {
    UA_Variant v;
    UA_Variant_setScalar(&v, value, &UA_TYPES[type]);
    check(UA_Server_setConditionField(server, ID("TankAlarm"), &v, UA_QUALIFIEDNAME(0, (char *)(uintptr_t)field)), field);
}

static void set_id(UA_Server *server, const char *state, UA_Boolean value) {
    UA_Variant v;
    UA_Variant_setScalar(&v, &value, &UA_TYPES[UA_TYPES_BOOLEAN]);
    check(UA_Server_setConditionVariableFieldProperty(server, ID("TankAlarm"), &v, UA_QUALIFIEDNAME(0, (char *)(uintptr_t)state), UA_QUALIFIEDNAME(0, "Id")), state);
}

UA_StatusCode send_state(UA_Server *server, UA_LocalizedText message) {
    UA_DateTime now = UA_DateTime_now();
    set_field(server, "Message", &message, UA_TYPES_LOCALIZEDTEXT);
    set_field(server, "Time", &now, UA_TYPES_DATETIME);
    return UA_Server_triggerConditionEvent(server, ID("TankAlarm"), ID("Tank"), NULL);
}

static void level_written(UA_Server *server, const UA_NodeId *session, void *sessionContext, const UA_NodeId *node, void *nodeContext,
                          const UA_NumericRange *range, const UA_DataValue *data) {
    static UA_Boolean active;
    static UA_UInt16 severity;
    (void)session, (void)sessionContext, (void)node, (void)nodeContext, (void)range;
    if(!UA_Variant_hasScalarType(&data->value, &UA_TYPES[UA_TYPES_DOUBLE]))
        return;
    UA_Double level = *(UA_Double *)data->value.data;
    UA_Boolean beyond = level > 80;
    UA_UInt16 urgency = level > 95 ? 900 : 500;
    if(beyond == active && (!beyond || urgency == severity))
        return;
    active = beyond;
    severity = urgency;
    UA_Boolean retain = true; /* also when it has gone: until it is acknowledged */
    UA_LocalizedText state = UA_LOCALIZEDTEXT("en", beyond ? "Active" : "Inactive");
    set_field(server, "Retain", &retain, UA_TYPES_BOOLEAN);
    set_field(server, "Severity", &urgency, UA_TYPES_UINT16);
    set_field(server, "ActiveState", &state, UA_TYPES_LOCALIZEDTEXT);
    if(beyond)
        set_id(server, "AckedState", false);
    set_id(server, "ActiveState", beyond);
    check(send_state(server, UA_LOCALIZEDTEXT("en", beyond ? "The tank is too full" : "The tank is in order")), "tell of the alarm");
}

void add_conditions(UA_Server *server) {
    UA_ObjectAttributes tank = UA_ObjectAttributes_default;
    tank.displayName = UA_LOCALIZEDTEXT("", "Tank");
    tank.eventNotifier = UA_EVENTNOTIFIER_SUBSCRIBE_TO_EVENT;
    check(UA_Server_addObjectNode(server, ID("Tank"), ID("Plant"), NS0(HASCOMPONENT), NAME("Tank"), NS0(BASEOBJECTTYPE), tank, NULL, NULL), "Tank");
    UA_Double level = 50;
    add_variable(server, "Tank", "TankLevel", scalar(&level, UA_TYPES_DOUBLE, UA_ACCESSLEVELMASK_READ | UA_ACCESSLEVELMASK_WRITE));
    UA_NodeId alarm;
    check(UA_Server_createCondition(server, ID("TankAlarm"), NS0(ALARMCONDITIONTYPE), NAME("TankAlarm"), ID("Tank"), NS0(HASCOMPONENT), &alarm), "TankAlarm");
    add_condition_methods(server, &alarm);
    set_id(server, "EnabledState", true);
    UA_ValueCallback written = {NULL, level_written};
    check(UA_Server_setVariableNode_valueCallback(server, ID("TankLevel"), written), "TankLevel");
}
