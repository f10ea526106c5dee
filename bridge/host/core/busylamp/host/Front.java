package busylamp.host;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/** HTTP: the little of REST that a driver needs to get in, `/xml-rpc`, and `/control` for tests. */
final class Front {
    private static final String LOGIN = "0001";
    private static final String PASSWORD = "geheim";
    private static final String CLIENT_SECRET = "client-secret";
    private static final String NONCE = "nonce123";
    private static final String TOKEN = "a-token";
    private static final int THREADS = 32;
    private static final int LONGEST_BODY = 16 << 20;

    private record Answer(int status, String type, String body) {
    }

    private final World world;
    private final Generation pbx;
    private final Module module;
    /** Whether one signs in with tokens (10) or with a hash (7 to 9). */
    private final boolean tokens;
    private final AtomicInteger calls = new AtomicInteger();

    Front(World world, Generation pbx, Module module, boolean tokens) {
        this.world = world;
        this.pbx = pbx;
        this.module = module;
        this.tokens = tokens;
    }

    int start() throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(Executors.newFixedThreadPool(THREADS));
        server.createContext("/", this::handle);
        server.start();
        return server.getAddress().getPort();
    }

    private void handle(HttpExchange exchange) throws IOException {
        Answer answer;
        try (exchange) {
            byte[] body = exchange.getRequestBody().readNBytes(LONGEST_BODY);
            try {
                answer = answer(exchange, body);
            } catch (Exception fault) {
                answer = new Answer(500, "text/plain", String.valueOf(fault));
            }
            byte[] bytes = answer.body.getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("content-type", answer.type + ";charset=UTF-8");
            exchange.sendResponseHeaders(answer.status, bytes.length == 0 ? -1 : bytes.length);
            exchange.getResponseBody().write(bytes);
        }
    }

    private Answer answer(HttpExchange exchange, byte[] body) throws Exception {
        String path = exchange.getRequestURI().getPath();
        Map<String, String> query = form(exchange.getRequestURI().getRawQuery());
        if (path.equals("/xml-rpc")) {
            return xmlRpc(exchange, query, body);
        }
        if (path.startsWith("/control/")) {
            return new Answer(200, "text/plain", control(path.substring("/control/".length()), query));
        }
        return rest(exchange, path, new String(body, StandardCharsets.UTF_8));
    }

    // XML-RPC

    private Answer xmlRpc(HttpExchange exchange, Map<String, String> query, byte[] body) throws Exception {
        if (!exchange.getRequestMethod().equals("POST")) {
            return new Answer(405, "text/plain", "");
        }
        String proof = LOGIN + ":" + sha512(LOGIN + "*" + sha512(PASSWORD));
        boolean in = tokens
                ? TOKEN.equals(query.get("de.vertico.starface.jwt"))
                : proof.equals(query.get("de.vertico.starface.auth"));
        if (!in) {
            return new Answer(401, "text/plain", "");
        }
        XmlRpc.Call call;
        try {
            call = XmlRpc.read(body);
        } catch (Exception malformed) {
            return new Answer(200, "text/xml", XmlRpc.fault(-32600, "the call can't be read"));
        }
        calls.incrementAndGet();
        try {
            return new Answer(200, "text/xml", call(call));
        } finally {
            calls.decrementAndGet();
        }
    }

    private String call(XmlRpc.Call call) {
        int dot = call.method().lastIndexOf('.');
        boolean known = dot > 0 && call.method().substring(0, dot).equals(module.instance) && module.active();
        Map<String, Object> parameters = new HashMap<>();
        if (call.parameters().size() == 1 && call.parameters().get(0) instanceof Map<?, ?> members) {
            members.forEach((name, value) -> parameters.put(String.valueOf(name), value));
        }
        try {
            Map<String, Object> result = known ? module.call(call.method().substring(dot + 1), parameters) : null;
            pbx.settle();
            return result == null ? XmlRpc.fault(0, "No such handler: " + call.method()) : XmlRpc.response(result);
        } catch (Exception thrown) {
            return XmlRpc.fault(0, String.valueOf(thrown));
        }
    }

    // REST

    private Answer rest(HttpExchange exchange, String path, String body) throws Exception {
        if (path.equals("/auth/realms/pbx/oauth2/token") && tokens) {
            Map<String, String> form = form(body);
            boolean right = CLIENT_SECRET.equals(form.get("client_secret"))
                    && (PASSWORD.equals(form.get("password")) || form.containsKey("refresh_token"));
            String granted = "{\"access_token\":\"" + TOKEN + "\",\"expires_in\":300,\"refresh_token\":\"r\","
                    + "\"refresh_expires_in\":21600,\"token_type\":\"Bearer\",\"scope\":\"login\"}";
            return right ? json(granted) : new Answer(401, "application/json", "{\"error\":\"invalid_grant\"}");
        }
        if (path.equals("/rest/login")) {
            if (exchange.getRequestMethod().equals("GET")) {
                return json("{\"loginType\":\"Internal\",\"nonce\":\"" + NONCE + "\",\"secret\":null}");
            }
            String secret = LOGIN + ":" + sha512(LOGIN + NONCE + sha512(PASSWORD));
            boolean right = body.contains("\"" + secret + "\"");
            return right ? json("{\"token\":\"" + TOKEN + "\"}") : new Answer(400, "text/plain", "");
        }
        String legacy = exchange.getRequestHeaders().getFirst("authToken");
        String bearer = exchange.getRequestHeaders().getFirst("Authorization");
        if (!TOKEN.equals(legacy) && !("Bearer " + TOKEN).equals(bearer)) {
            return new Answer(401, "text/plain", "");
        }
        if (path.equals("/rest/users/me")) {
            return json(user(1));
        }
        if (path.equals("/rest/users")) {
            List<String> all = world.all().stream().map(user -> user(user.id)).toList();
            return json("[" + String.join(",", all) + "]");
        }
        if (path.startsWith("/rest/users/") && path.split("/").length == 4) {
            int id = Integer.parseInt(path.split("/")[3]);
            return world.user(id) == null ? new Answer(404, "text/plain", "") : json(user(id));
        }
        return json("[]");
    }

    private static String user(int id) {
        return "{\"id\":" + id + ",\"login\":\"" + id + "\",\"firstName\":\"\",\"familyName\":\"" + id
                + "\",\"email\":\"u" + id + "@example.com\"}";
    }

    private static Answer json(String body) {
        return new Answer(200, "application/json", body);
    }

    // Control

    private String control(String what, Map<String, String> query) throws Exception {
        int id = Integer.parseInt(query.getOrDefault("account", "0"));
        switch (what) {
            case "user" -> {
                return shown(world.user(id));
            }
            case "hand" -> byHand(id, query);
            case "flips" -> {
                for (int at = 0; at < Integer.parseInt(query.get("times")); at++) {
                    pbx.dndByHand(id, !world.user(id).dnd);
                }
            }
            case "remove" -> world.remove(id);
            case "refuse" -> {
                world.refuses.clear();
                world.refuses.addAll(List.of(query.get("what").split(",")));
            }
            case "starting" -> pbx.starting(query.get("on").equals("true"));
            case "hold" -> pbx.hold(query.get("on").equals("true"));
            case "cut" -> world.longestText = Integer.parseInt(query.get("at"));
            case "module" -> module.act(query.get("do"), query.get("key"));
            case "subscribers" -> {
                // A listener that only the bus knew would be gone now.
                System.gc();
                return String.valueOf(pbx.subscribers());
            }
            case "calls" -> {
                return String.valueOf(calls.get());
            }
            case "log" -> {
                return world.logged();
            }
            default -> throw new IllegalArgumentException(what);
        }
        pbx.settle();
        return "";
    }

    private void byHand(int id, Map<String, String> query) {
        if (query.containsKey("dnd")) {
            pbx.dndByHand(id, query.get("dnd").equals("true"));
        }
        if (query.containsKey("presence") || query.containsKey("text")) {
            String from = query.getOrDefault("from", id + "/StarfaceAndroidClient");
            pbx.chatByHand(id, query.get("presence"), query.get("text"), from);
        }
        if (query.containsKey("telephony")) {
            pbx.telephony(id, query.get("telephony"));
        }
    }

    private static String shown(User user) {
        String text = user == null ? "" : URLEncoder.encode(user.text, StandardCharsets.UTF_8);
        return user == null ? "" : "dnd=" + user.dnd + "&presence=" + user.presence + "&text=" + text;
    }

    private static Map<String, String> form(String text) {
        Map<String, String> pairs = new HashMap<>();
        for (String pair : text == null ? new String[0] : text.split("&")) {
            String[] parts = pair.split("=", 2);
            pairs.put(decode(parts[0]), parts.length < 2 ? "" : decode(parts[1]));
        }
        return pairs;
    }

    private static String decode(String text) {
        return URLDecoder.decode(text, StandardCharsets.UTF_8);
    }

    private static String sha512(String text) throws Exception {
        return hex(MessageDigest.getInstance("SHA-512").digest(text.getBytes(StandardCharsets.UTF_8)));
    }

    static String hex(byte[] bytes) {
        StringBuilder out = new StringBuilder();
        for (byte each : bytes) {
            out.append(String.format("%02x", each));
        }
        return out.toString();
    }
}
