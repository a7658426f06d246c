/* The OPC UA test plant on open62541. What its address space has is listed in the documentation of the package opcuatest. */
#ifndef PLANT_H
#define PLANT_H

#include <open62541/plugin/historydata/history_data_gathering_default.h>
#include <open62541/plugin/historydata/history_database_default.h>
#include <open62541/server.h>

/* Nodes of the plant are in the namespace of the application, which open62541 gives the index 1. */
#define PLANT_NAMESPACE 1
#define ID(name) UA_NODEID_STRING(PLANT_NAMESPACE, (char *)(uintptr_t)(name))
#define NAME(name) UA_QUALIFIEDNAME(PLANT_NAMESPACE, (char *)(uintptr_t)(name))
#define NS0(id) UA_NODEID_NUMERIC(0, UA_NS0ID_##id)

/* check ends the process when something of the address space could not be made: a plant that lacks a part proves nothing. */
void check(UA_StatusCode status, const char *what);

/* setting is a variable of the environment, or what to take without it. */
const char *setting(const char *name, const char *otherwise);

/* add_variable adds a variable below a node, with its NodeId's text as its name. attr.value is copied. */
void add_variable(UA_Server *server, const char *parent, const char *name, UA_VariableAttributes attr);

/* scalar are the attributes of a variable with a value of a type. */
UA_VariableAttributes scalar(void *value, int type, UA_Byte access);

void add_values(UA_Server *server);
void add_structure(UA_Server *server);
void add_counters(UA_Server *server, int count, double period);
void add_methods(UA_Server *server);
void add_attributes(UA_Server *server);
void configure_history(UA_ServerConfig *config);
void add_history(UA_Server *server);
void add_events(UA_Server *server);
void add_conditions(UA_Server *server);
void add_dialog(UA_Server *server);
void add_condition_methods(UA_Server *server, const UA_NodeId *alarm);

/* send_state tells by an event that a condition changed. */
UA_StatusCode send_state(UA_Server *server, UA_LocalizedText message);

#endif
