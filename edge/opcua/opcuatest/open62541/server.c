/* The process: settings from the environment, a server, and commands on the standard input. It prints READY and the endpoint when clients can
 * connect, and ends in order on SIGTERM. Settings: PORT, PKI, APPLICATION_URI, VARS, PERIOD_MS, LIMIT, ANONYMOUS, AUTO_ACCEPT. */
#include "plant.h"

#include <dirent.h>
#include <open62541/plugin/accesscontrol_default.h>
#include <open62541/plugin/certificategroup_default.h>
#include <open62541/server_config_default.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile UA_Boolean running = true;

static void stop(int number) {
    (void)number;
    running = false;
}

void check(UA_StatusCode status, const char *what) {
    if(status == UA_STATUSCODE_GOOD)
        return;
    fprintf(stderr, "%s: %s\n", what, UA_StatusCode_name(status));
    exit(1);
}

const char *setting(const char *name, const char *otherwise) {
    const char *value = getenv(name);
    return value && *value ? value : otherwise;
}

static UA_ByteString load(const char *path) {
    UA_ByteString content = UA_BYTESTRING_NULL;
    FILE *file = fopen(path, "rb");
    if(!file) {
        perror(path);
        exit(1);
    }
    fseek(file, 0, SEEK_END);
    check(UA_ByteString_allocBuffer(&content, (size_t)ftell(file)), path);
    rewind(file);
    if(fread(content.data, 1, content.length, file) != content.length) {
        perror(path);
        exit(1);
    }
    fclose(file);
    return content;
}

/* decode_pem returns the DER in a PEM file with one block. */
static UA_ByteString decode_pem(UA_ByteString pem) {
    char *text = (char *)malloc(pem.length + 1), *out = text;
    UA_Boolean armour = false;
    for(size_t i = 0; i < pem.length; i++) {
        char c = (char)pem.data[i];
        if(c == '\n' || c == '\r')
            armour = false;
        else if(c == '-')
            armour = true;
        else if(!armour)
            *out++ = c;
    }
    UA_String base64 = {(size_t)(out - text), (UA_Byte *)text};
    UA_ByteString der = UA_BYTESTRING_NULL;
    check(UA_ByteString_fromBase64(&der, &base64), "decode the certificate");
    free(text);
    return der;
}

static void trust(UA_CertificateGroup *group, UA_ByteString *certificate) {
    UA_TrustListDataType list;
    UA_TrustListDataType_init(&list);
    list.specifiedLists = UA_TRUSTLISTMASKS_TRUSTEDCERTIFICATES;
    list.trustedCertificates = certificate;
    list.trustedCertificatesSize = 1;
    check(group->addToTrustList(group, &list), "trust a certificate");
}

/* trust_command carries out "trust <base64 of a DER certificate>". The certificate is kept for the next start. */
static void trust_command(UA_Server *server, char *base64) {
    UA_String text = UA_STRING(base64);
    UA_ByteString der = UA_BYTESTRING_NULL;
    check(UA_ByteString_fromBase64(&der, &text), "decode the certificate to trust");
    trust(&UA_Server_getConfig(server)->secureChannelPKI, &der);
    char path[4096];
    snprintf(path, sizeof path, "%s/trusted-%zu-%02x%02x.der", setting("PKI", "."), der.length, der.data[der.length - 1], der.data[der.length - 2]);
    FILE *file = fopen(path, "wb");
    if(!file || fwrite(der.data, 1, der.length, file) != der.length) {
        perror(path);
        exit(1);
    }
    fclose(file);
    UA_ByteString_clear(&der);
    puts("TRUSTED");
    fflush(stdout);
}

/* commands reads the standard input as far as there is some. */
static void commands(UA_Server *server, void *data) {
    static char line[1 << 16];
    static size_t length;
    static UA_Boolean ended;
    (void)data;
    struct pollfd input = {STDIN_FILENO, POLLIN, 0};
    while(!ended && poll(&input, 1, 0) > 0) {
        if(read(STDIN_FILENO, line + length, 1) != 1) {
            ended = true;
        } else if(line[length] == '\n') {
            line[length] = 0;
            length = 0;
            if(strncmp(line, "trust ", 6) == 0)
                trust_command(server, line + 6);
        } else if(length < sizeof line - 1) {
            length++;
        }
    }
}

/* trust_again trusts those that were trusted in earlier lives. */
static void trust_again(UA_CertificateGroup *group) {
    DIR *folder = opendir(setting("PKI", "."));
    for(struct dirent *entry; folder && (entry = readdir(folder));) {
        if(strncmp(entry->d_name, "trusted-", 8) != 0)
            continue;
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", setting("PKI", "."), entry->d_name);
        UA_ByteString der = load(path);
        trust(group, &der);
        UA_ByteString_clear(&der);
    }
    if(folder)
        closedir(folder);
}

static void configure_security(UA_ServerConfig *config, UA_UInt16 port) {
    char path[4096];
    snprintf(path, sizeof path, "%s/server/own/certs/certificate.pem", setting("PKI", "."));
    UA_ByteString pem = load(path), certificate = decode_pem(pem);
    snprintf(path, sizeof path, "%s/server/own/private/private_key.pem", setting("PKI", "."));
    UA_ByteString key = load(path);
    /* An empty trust list is taken for none, which trusts everybody: the server trusts itself. */
    size_t trusted = strcmp(setting("AUTO_ACCEPT", "0"), "1") == 0 ? 0 : 1;
    check(UA_ServerConfig_setDefaultWithSecurityPolicies(config, port, &certificate, &key, &certificate, trusted, NULL, 0, NULL, 0), "configure");
    if(trusted)
        trust_again(&config->secureChannelPKI);
    UA_UsernamePasswordLogin logins[] = {
        {UA_STRING_STATIC("op"), UA_STRING_STATIC("op-pass")},
        {UA_STRING_STATIC("view"), UA_STRING_STATIC("view-pass")},
    };
    check(UA_AccessControl_default(config, strcmp(setting("ANONYMOUS", "1"), "1") == 0, NULL, 2, logins), "configure users");
    UA_ByteString_clear(&pem);
    UA_ByteString_clear(&certificate);
    UA_ByteString_clear(&key);
}

static void configure(UA_ServerConfig *config) {
    int port = atoi(setting("PORT", "4840"));
    configure_security(config, (UA_UInt16)port);
    char url[64];
    snprintf(url, sizeof url, "opc.tcp://127.0.0.1:%d/plant", port);
    UA_Array_delete(config->serverUrls, config->serverUrlsSize, &UA_TYPES[UA_TYPES_STRING]);
    UA_String text = UA_STRING(url);
    check(UA_Array_copy(&text, 1, (void **)&config->serverUrls, &UA_TYPES[UA_TYPES_STRING]), "configure the address");
    config->serverUrlsSize = 1;
    UA_String_clear(&config->applicationDescription.applicationUri);
    config->applicationDescription.applicationUri = UA_STRING_ALLOC(setting("APPLICATION_URI", "urn:shopfloor:plant"));
    UA_UInt32 limit = (UA_UInt32)atoi(setting("LIMIT", "0"));
    config->maxNodesPerRead = config->maxNodesPerWrite = config->maxNodesPerBrowse = config->maxMonitoredItemsPerCall = limit;
    config->queueSizeLimits.max = 10000;
    configure_history(config);
}

int main(void) {
    UA_ServerConfig config;
    memset(&config, 0, sizeof config);
    configure(&config);
    UA_Server *server = UA_Server_newWithConfig(&config);
    if(!server)
        check(UA_STATUSCODE_BADOUTOFMEMORY, "make the server");
    UA_ObjectAttributes plant = UA_ObjectAttributes_default;
    plant.displayName = UA_LOCALIZEDTEXT("", "Plant");
    plant.eventNotifier = UA_EVENTNOTIFIER_SUBSCRIBE_TO_EVENT;
    check(UA_Server_addObjectNode(server, ID("Plant"), NS0(OBJECTSFOLDER), NS0(HASCOMPONENT), NAME("Plant"), NS0(BASEOBJECTTYPE), plant, NULL, NULL), "Plant");
    add_values(server);
    add_structure(server);
    add_methods(server);
    add_attributes(server);
    add_history(server);
    add_events(server);
    add_conditions(server);
    add_dialog(server);
    add_counters(server, atoi(setting("VARS", "20")), atof(setting("PERIOD_MS", "100")));
    signal(SIGTERM, stop);
    signal(SIGINT, stop);
    signal(SIGPIPE, SIG_IGN);
    check(UA_Server_addRepeatedCallback(server, commands, NULL, 50, NULL), "listen to commands");
    check(UA_Server_run_startup(server), "start (address already in use?)");
    printf("READY opc.tcp://127.0.0.1:%s/plant\n", setting("PORT", "4840"));
    fflush(stdout);
    while(running)
        UA_Server_run_iterate(server, true);
    UA_Server_run_shutdown(server);
    UA_Server_delete(server);
    return 0;
}
