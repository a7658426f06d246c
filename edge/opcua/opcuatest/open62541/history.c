/* Histories in open62541's own memory backend, which carries out HistoryRead raw, HistoryUpdate and delete by itself. */
#include "plant.h"

#include <open62541/plugin/historydata/history_data_backend_memory.h>
#include <stdio.h>
#include <stdlib.h>

/* PAGE is how many values an answer has at most; then there is a continuation point. */
#define PAGE 300
#define VALUES 1000
/* FIRST is 2026-01-02T00:00:00Z. */
#define FIRST (UA_DATETIME_UNIX_EPOCH + 1767312000 * UA_DATETIME_SEC)

static UA_HistoryDataGathering gathering;
static UA_HistoryDataBackend backend;

void configure_history(UA_ServerConfig *config) {
    gathering = UA_HistoryDataGathering_Default(4);
    backend = UA_HistoryDataBackend_Memory(4, VALUES);
    config->historyDatabase = UA_HistoryDatabase_default(gathering);
    config->historizingEnabled = true;
    config->accessHistoryDataCapability = true;
    config->insertDataCapability = config->replaceDataCapability = config->updateDataCapability = config->deleteRawCapability = true;
}

static void add_historical(UA_Server *server, const char *name, UA_VariableAttributes attr) {
    attr.historizing = true;
    add_variable(server, "Plant", name, attr);
    UA_NodeId id = ID(name);
    UA_HistorizingNodeIdSettings settings;
    settings.historizingBackend = backend;
    settings.maxHistoryDataResponseSize = PAGE;
    settings.historizingUpdateStrategy = UA_HISTORIZINGUPDATESTRATEGY_USER;
    settings.pollingInterval = 0;
    settings.userContext = NULL;
    check(gathering.registerNodeId(server, gathering.context, &id, settings), name);
}

static void keep(UA_Server *server, const char *name, int second, void *value, int type) {
    UA_NodeId id = ID(name);
    UA_DataValue kept;
    UA_DataValue_init(&kept);
    UA_Variant_setScalar(&kept.value, value, &UA_TYPES[type]);
    kept.hasValue = kept.hasSourceTimestamp = kept.hasServerTimestamp = true;
    kept.sourceTimestamp = kept.serverTimestamp = FIRST + second * UA_DATETIME_SEC;
    check(backend.serverSetHistoryData(server, backend.context, NULL, NULL, &id, true, &kept), name);
}

void add_history(UA_Server *server) {
    UA_Byte access = UA_ACCESSLEVELMASK_READ | UA_ACCESSLEVELMASK_HISTORYREAD | UA_ACCESSLEVELMASK_HISTORYWRITE;
    UA_Double zero = 0;
    UA_String text = UA_STRING("second 0");
    add_historical(server, "HFixed", scalar(&zero, UA_TYPES_DOUBLE, access));
    add_historical(server, "HText", scalar(&text, UA_TYPES_STRING, access));
    add_historical(server, "HEdited", scalar(&zero, UA_TYPES_DOUBLE, access));
    for(int i = 0; i < VALUES; i++) {
        UA_Double number = i;
        char words[32];
        snprintf(words, sizeof words, "second %d", i);
        text = UA_STRING(words);
        keep(server, "HFixed", i, &number, UA_TYPES_DOUBLE);
        keep(server, "HText", i, &text, UA_TYPES_STRING);
    }
}
