/* Variables of the built-in types, counters, and nodes whose attributes may be written. */
#include "plant.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WRITABLE (UA_ACCESSLEVELMASK_READ | UA_ACCESSLEVELMASK_WRITE)

UA_VariableAttributes scalar(void *value, int type, UA_Byte access) {
    UA_VariableAttributes attr = UA_VariableAttributes_default;
    UA_Variant_setScalar(&attr.value, value, &UA_TYPES[type]);
    attr.dataType = UA_TYPES[type].typeId;
    attr.valueRank = UA_VALUERANK_SCALAR;
    attr.accessLevel = attr.userAccessLevel = access;
    return attr;
}

void add_variable(UA_Server *server, const char *parent, const char *name, UA_VariableAttributes attr) {
    attr.displayName = UA_LOCALIZEDTEXT("", (char *)(uintptr_t)name);
    check(UA_Server_addVariableNode(server, ID(name), ID(parent), NS0(HASCOMPONENT), NAME(name), NS0(BASEDATAVARIABLETYPE), attr, NULL, NULL), name);
}

/* add_array adds a variable with an array, and dimensions if it has several. */
static void add_array(UA_Server *server, const char *name, void *values, size_t length, int type, UA_UInt32 *dimensions, size_t rank, UA_Byte access) {
    UA_VariableAttributes attr = UA_VariableAttributes_default;
    UA_Variant_setArray(&attr.value, values, length, &UA_TYPES[type]);
    attr.dataType = UA_TYPES[type].typeId;
    UA_UInt32 open[] = {0, 0};
    attr.valueRank = (UA_Int32)(rank ? rank : 1);
    attr.arrayDimensionsSize = rank ? rank : 1;
    attr.arrayDimensions = rank ? dimensions : open;
    attr.value.arrayDimensionsSize = rank;
    attr.value.arrayDimensions = dimensions;
    attr.accessLevel = attr.userAccessLevel = access;
    add_variable(server, "Plant", name, attr);
}

/* add_both adds Scalar_<name> and Array_<name> with the value three times. */
static void add_both(UA_Server *server, int type, void *value) {
    const UA_DataType *t = &UA_TYPES[type];
    char name[64];
    snprintf(name, sizeof name, "Scalar_%s", t->typeName);
    add_variable(server, "Plant", name, scalar(value, type, WRITABLE));
    char *values = (char *)UA_Array_new(3, t);
    for(size_t i = 0; i < 3; i++)
        check(UA_copy(value, values + i * t->memSize, t), name);
    snprintf(name, sizeof name, "Array_%s", t->typeName);
    add_array(server, name, values, 3, type, NULL, 0, WRITABLE);
    UA_Array_delete(values, 3, t);
}

#define BOTH(type, TYPE, ...)                        \
    do {                                             \
        UA_##type value = __VA_ARGS__;               \
        add_both(server, UA_TYPES_##TYPE, &value);   \
    } while(0)

void add_values(UA_Server *server) {
    static UA_Byte bytes[] = {0, 1, 2, 255};
    BOTH(Boolean, BOOLEAN, true);
    BOTH(SByte, SBYTE, -5);
    BOTH(Byte, BYTE, 200);
    BOTH(Int16, INT16, -30000);
    BOTH(UInt16, UINT16, 60000);
    BOTH(Int32, INT32, -2000000000);
    BOTH(UInt32, UINT32, 4000000000u);
    BOTH(Int64, INT64, -9007199254740993);
    BOTH(UInt64, UINT64, 18446744004990074895u);
    BOTH(Float, FLOAT, 1.5f);
    BOTH(Double, DOUBLE, 3.141592653589793);
    BOTH(String, STRING, UA_STRING("høj ✓ test"));
    BOTH(DateTime, DATETIME, UA_DATETIME_UNIX_EPOCH + 1767323045678 * UA_DATETIME_MSEC); /* 2026-01-02T03:04:05.678Z */
    BOTH(Guid, GUID, UA_GUID("72962b91-fa75-4ae6-8d28-b404dc7daf63"));
    BOTH(ByteString, BYTESTRING, {sizeof bytes, bytes});
    BOTH(XmlElement, XMLELEMENT, UA_STRING("<pump id=\"7\"/>"));
    BOTH(NodeId, NODEID, ID("Plant"));
    BOTH(ExpandedNodeId, EXPANDEDNODEID, UA_EXPANDEDNODEID_STRING(PLANT_NAMESPACE, "Plant"));
    BOTH(StatusCode, STATUSCODE, UA_STATUSCODE_BADSENSORFAILURE);
    BOTH(QualifiedName, QUALIFIEDNAME, UA_QUALIFIEDNAME(PLANT_NAMESPACE, "Pump"));
    BOTH(LocalizedText, LOCALIZEDTEXT, UA_LOCALIZEDTEXT("de", "Pumpe läuft"));

    UA_Double matrix[] = {1, 2, 3, 4, 5, 6};
    UA_UInt32 dimensions[] = {2, 3};
    add_array(server, "Matrix_Double", matrix, 6, UA_TYPES_DOUBLE, dimensions, 2, WRITABLE);
    UA_Double *big = (UA_Double *)UA_Array_new(70000, &UA_TYPES[UA_TYPES_DOUBLE]);
    for(int i = 0; i < 70000; i++)
        big[i] = i;
    add_array(server, "BigArray", big, 70000, UA_TYPES_DOUBLE, NULL, 0, UA_ACCESSLEVELMASK_READ);
    UA_Array_delete(big, 70000, &UA_TYPES[UA_TYPES_DOUBLE]);
    UA_Double one = 1;
    add_variable(server, "Plant", "ReadOnly", scalar(&one, UA_TYPES_DOUBLE, UA_ACCESSLEVELMASK_READ));
}

/* Counters: V<i> = tick + i, with the tick's time as the source timestamp. */
static int counters;

static void count(UA_Server *server, void *data) {
    static UA_Double tick;
    (void)data;
    UA_DateTime now = UA_DateTime_now();
    for(int i = 0; i < counters; i++) {
        char name[16];
        snprintf(name, sizeof name, "V%d", i);
        UA_Double number = tick + i;
        UA_DataValue value;
        UA_DataValue_init(&value);
        UA_Variant_setScalar(&value.value, &number, &UA_TYPES[UA_TYPES_DOUBLE]);
        value.hasValue = value.hasSourceTimestamp = true;
        value.sourceTimestamp = now;
        check(UA_Server_writeDataValue(server, ID(name), value), name);
    }
    tick++;
}

void add_counters(UA_Server *server, int number, double period) {
    counters = number;
    for(int i = 0; i < number; i++) {
        char name[16];
        snprintf(name, sizeof name, "V%d", i);
        UA_Double value = i;
        add_variable(server, "Plant", name, scalar(&value, UA_TYPES_DOUBLE, UA_ACCESSLEVELMASK_READ));
    }
    if(period > 0)
        check(UA_Server_addRepeatedCallback(server, count, NULL, period, NULL), "count");
}

/* Nodes of each class whose attributes clients may write, as their WriteMask says, and a View. */
void add_attributes(UA_Server *server) {
    UA_Double one = 1;
    UA_VariableAttributes attr = scalar(&one, UA_TYPES_DOUBLE, WRITABLE);
    attr.writeMask = UA_WRITEMASK_DISPLAYNAME | UA_WRITEMASK_DESCRIPTION | UA_WRITEMASK_HISTORIZING | UA_WRITEMASK_MINIMUMSAMPLINGINTERVAL |
        UA_WRITEMASK_ACCESSLEVEL | UA_WRITEMASK_WRITEMASK | UA_WRITEMASK_VALUERANK | UA_WRITEMASK_ARRRAYDIMENSIONS | UA_WRITEMASK_DATATYPE;
    add_variable(server, "Plant", "Configurable", attr);
    UA_ObjectAttributes object = UA_ObjectAttributes_default;
    object.displayName = UA_LOCALIZEDTEXT("", "Machine");
    object.writeMask = UA_WRITEMASK_DISPLAYNAME | UA_WRITEMASK_DESCRIPTION | UA_WRITEMASK_EVENTNOTIFIER | UA_WRITEMASK_BROWSENAME;
    check(UA_Server_addObjectNode(server, ID("Machine"), ID("Plant"), NS0(HASCOMPONENT), NAME("Machine"), NS0(BASEOBJECTTYPE), object, NULL, NULL), "Machine");
    UA_ViewAttributes view = UA_ViewAttributes_default;
    view.displayName = UA_LOCALIZEDTEXT("", "Maintenance");
    view.containsNoLoops = true;
    check(UA_Server_addViewNode(server, ID("Maintenance"), NS0(VIEWSFOLDER), NS0(ORGANIZES), NAME("Maintenance"), view, NULL, NULL), "Maintenance");
    check(UA_Server_addReference(server, ID("Maintenance"), NS0(ORGANIZES), UA_EXPANDEDNODEID_STRING(PLANT_NAMESPACE, "Machine"), true), "Maintenance");
}
