/* A question of the tank (DialogConditionType, Part 9, 5.6), which is asked from the start and until it is answered. open62541 leaves Respond to the application. */
#include "plant.h"

static UA_StatusCode set_field(UA_Server *server, const char *field, void *value, size_t length, int type) {
    const UA_QualifiedName path = UA_QUALIFIEDNAME(0, (char *)(uintptr_t)field);
    UA_BrowsePathResult found = UA_Server_browseSimplifiedBrowsePath(server, ID("Question"), 1, &path);
    UA_StatusCode status = found.statusCode;
    if(status == UA_STATUSCODE_GOOD) {
        UA_Variant v;
        if(length > 0)
            UA_Variant_setArray(&v, value, length, &UA_TYPES[type]);
        else
            UA_Variant_setScalar(&v, value, &UA_TYPES[type]);
        status = UA_Server_writeValue(server, found.targets[0].targetId.nodeId, v);
    }
    UA_BrowsePathResult_clear(&found);
    return status;
}

static UA_StatusCode set_id(UA_Server *server, const char *state, UA_Boolean value) {
    UA_Variant v;
    UA_Variant_setScalar(&v, &value, &UA_TYPES[UA_TYPES_BOOLEAN]);
    return UA_Server_setConditionVariableFieldProperty(server, ID("Question"), &v, UA_QUALIFIEDNAME(0, (char *)(uintptr_t)state), UA_QUALIFIEDNAME(0, "Id"));
}

static UA_Boolean waiting = true;

static UA_StatusCode respond(UA_Server *server, const UA_NodeId *session, void *sessionContext, const UA_NodeId *method, void *methodContext,
                             const UA_NodeId *object, void *objectContext, size_t inputs, const UA_Variant *input, size_t outputs, UA_Variant *output) {
    (void)session, (void)sessionContext, (void)method, (void)methodContext, (void)objectContext, (void)inputs, (void)outputs, (void)output;
    UA_NodeId question = ID("Question");
    UA_Int32 answer = *(UA_Int32 *)input[0].data;
    if(!UA_NodeId_equal(object, &question))
        return UA_STATUSCODE_BADNODEIDINVALID;
    if(!waiting)
        return UA_STATUSCODE_BADDIALOGNOTACTIVE;
    if(answer < 0 || answer > 1)
        return UA_STATUSCODE_BADDIALOGRESPONSEINVALID;
    waiting = false;
    UA_Boolean retain = false;
    UA_StatusCode status = set_field(server, "LastResponse", &answer, 0, UA_TYPES_INT32);
    status |= set_id(server, "DialogState", false);
    status |= set_field(server, "Retain", &retain, 0, UA_TYPES_BOOLEAN);
    status |= UA_Server_triggerConditionEvent(server, question, ID("Tank"), NULL);
    return status;
}

void add_dialog(UA_Server *server) {
    UA_NodeId question;
    check(UA_Server_createCondition(server, ID("Question"), NS0(DIALOGCONDITIONTYPE), NAME("Question"), ID("Tank"), NS0(HASCOMPONENT), &question), "Question");
    check(UA_Server_setMethodNodeCallback(server, NS0(DIALOGCONDITIONTYPE_RESPOND), respond), "Respond");
    UA_LocalizedText prompt = UA_LOCALIZEDTEXT("en", "Drain the tank?");
    UA_LocalizedText answers[] = {UA_LOCALIZEDTEXT("en", "Yes"), UA_LOCALIZEDTEXT("en", "No")};
    UA_Boolean retain = true;
    check(set_field(server, "Prompt", &prompt, 0, UA_TYPES_LOCALIZEDTEXT), "Prompt");
    check(set_field(server, "Message", &prompt, 0, UA_TYPES_LOCALIZEDTEXT), "Message");
    check(set_field(server, "ResponseOptionSet", answers, 2, UA_TYPES_LOCALIZEDTEXT), "ResponseOptionSet");
    check(set_field(server, "Retain", &retain, 0, UA_TYPES_BOOLEAN), "Retain");
    check(set_id(server, "DialogState", true), "DialogState");
    check(set_id(server, "EnabledState", true), "EnabledState");
}
