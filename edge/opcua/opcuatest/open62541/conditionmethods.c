/* The methods of alarms that open62541 has in its types and leaves to the application: Suppress, Unsuppress, RemoveFromService, PlaceInService, Silence,
 * Reset (Part 9, 5.8), and those of them that take a comment. */
#include "plant.h"

#include <stdlib.h>
#include <string.h>

/* alarm_method sets a state variable of the alarm. */
typedef struct {
    UA_UInt32 method, commented;
    const char *state;
    UA_Boolean value;
    const char *message;
} alarm_method;

static const alarm_method methods[] = {
    {UA_NS0ID_ALARMCONDITIONTYPE_SUPPRESS, UA_NS0ID_ALARMCONDITIONTYPE_SUPPRESS2, "SuppressedState", true, "suppressed"},
    {UA_NS0ID_ALARMCONDITIONTYPE_UNSUPPRESS, UA_NS0ID_ALARMCONDITIONTYPE_UNSUPPRESS2, "SuppressedState", false, "not suppressed any more"},
    {UA_NS0ID_ALARMCONDITIONTYPE_REMOVEFROMSERVICE, UA_NS0ID_ALARMCONDITIONTYPE_REMOVEFROMSERVICE2, "OutOfServiceState", true, "out of service"},
    {UA_NS0ID_ALARMCONDITIONTYPE_PLACEINSERVICE, UA_NS0ID_ALARMCONDITIONTYPE_PLACEINSERVICE2, "OutOfServiceState", false, "in service"},
    {UA_NS0ID_ALARMCONDITIONTYPE_SILENCE, 0, "SilenceState", true, "silenced"},
    {UA_NS0ID_ALARMCONDITIONTYPE_RESET, UA_NS0ID_ALARMCONDITIONTYPE_RESET2, "LatchedState", false, "reset"},
};

static UA_StatusCode write_state(UA_Server *server, const char *state, UA_Boolean value) {
    UA_Variant v;
    UA_Variant_setScalar(&v, &value, &UA_TYPES[UA_TYPES_BOOLEAN]);
    return UA_Server_setConditionVariableFieldProperty(server, ID("TankAlarm"), &v, UA_QUALIFIEDNAME(0, (char *)(uintptr_t)state), UA_QUALIFIEDNAME(0, "Id"));
}

static UA_StatusCode write_comment(UA_Server *server, const UA_Variant *comment) {
    return UA_Server_setConditionField(server, ID("TankAlarm"), comment, UA_QUALIFIEDNAME(0, "Comment"));
}

static UA_StatusCode carry_out(UA_Server *server, const UA_NodeId *session, void *sessionContext, const UA_NodeId *method, void *methodContext,
                               const UA_NodeId *object, void *objectContext, size_t inputs, const UA_Variant *input, size_t outputs, UA_Variant *output) {
    (void)session, (void)sessionContext, (void)methodContext, (void)objectContext, (void)outputs, (void)output;
    UA_NodeId alarm = ID("TankAlarm");
    if(!UA_NodeId_equal(object, &alarm))
        return UA_STATUSCODE_BADNODEIDINVALID;
    for(size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        const alarm_method *m = &methods[i];
        UA_UInt32 called = method->identifier.numeric;
        if(called != m->method && called != m->commented)
            continue;
        UA_StatusCode status = write_state(server, m->state, m->value);
        if(status == UA_STATUSCODE_GOOD && inputs > 0)
            status = write_comment(server, &input[0]);
        return status == UA_STATUSCODE_GOOD ? send_state(server, UA_LOCALIZEDTEXT("en", (char *)(uintptr_t)m->message)) : status;
    }
    return UA_STATUSCODE_BADMETHODINVALID;
}

/* show has the alarm show a method of its type, as open62541 does with the mandatory ones. */
static void show(UA_Server *server, const UA_NodeId *alarm, UA_UInt32 method, const char *what) {
    check(UA_Server_setMethodNodeCallback(server, UA_NODEID_NUMERIC(0, method), carry_out), what);
    check(UA_Server_addReference(server, *alarm, NS0(HASCOMPONENT), UA_EXPANDEDNODEID_NUMERIC(0, method), true), what);
}

void add_condition_methods(UA_Server *server, const UA_NodeId *alarm) {
    const char *states[] = {"SuppressedState", "OutOfServiceState", "SilenceState", "LatchedState"};
    for(size_t i = 0; i < 4; i++) {
        UA_NodeId field;
        check(UA_Server_addConditionOptionalField(server, *alarm, NS0(ALARMCONDITIONTYPE), UA_QUALIFIEDNAME(0, (char *)(uintptr_t)states[i]), &field), states[i]);
        check(write_state(server, states[i], strcmp(states[i], "LatchedState") == 0), states[i]);
        UA_NodeId_clear(&field);
    }
    for(size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        show(server, alarm, methods[i].method, methods[i].state);
        if(methods[i].commented != 0)
            show(server, alarm, methods[i].commented, methods[i].state);
    }
}
