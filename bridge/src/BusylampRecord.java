import java.io.ByteArrayOutputStream;
import java.io.UnsupportedEncodingException;
import java.net.URLEncoder;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.CodingErrorAction;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** One line of a message: form-encoded pairs in UTF-8. Of a key that is given twice the first value counts. */
final class BusylampRecord {
    private static final Charset UTF_8 = Charset.forName("UTF-8");

    private final Map<String, String> pairs = new LinkedHashMap<String, String>();

    static BusylampRecord good() {
        return new BusylampRecord().with("v", "1").with("ok", "true");
    }

    String get(String key) {
        return pairs.get(key);
    }

    BusylampRecord with(String key, String value) {
        if (!pairs.containsKey(key)) {
            pairs.put(key, value);
        }
        return this;
    }

    /** Reads all lines that are not empty. */
    static List<BusylampRecord> read(String text) throws BusylampRefusal {
        List<BusylampRecord> records = new ArrayList<BusylampRecord>();
        for (String line : text.split("\n")) {
            String record = line.endsWith("\r") ? line.substring(0, line.length() - 1) : line;
            if (!record.isEmpty()) {
                records.add(readLine(record));
            }
        }
        return records;
    }

    static String write(List<BusylampRecord> records) {
        StringBuilder out = new StringBuilder();
        for (BusylampRecord record : records) {
            if (out.length() > 0) {
                out.append('\n');
            }
            record.writeLine(out);
        }
        return out.toString();
    }

    private void writeLine(StringBuilder out) {
        boolean first = true;
        for (Map.Entry<String, String> pair : pairs.entrySet()) {
            if (!first) {
                out.append('&');
            }
            first = false;
            out.append(encode(pair.getKey())).append('=').append(encode(pair.getValue()));
        }
    }

    private static BusylampRecord readLine(String line) throws BusylampRefusal {
        BusylampRecord record = new BusylampRecord();
        for (String pair : line.split("&")) {
            if (pair.isEmpty()) {
                continue;
            }
            int equals = pair.indexOf('=');
            String key = equals < 0 ? pair : pair.substring(0, equals);
            String value = equals < 0 ? "" : pair.substring(equals + 1);
            record.with(decode(key), decode(value));
        }
        return record;
    }

    private static String encode(String text) {
        try {
            return URLEncoder.encode(text, "UTF-8");
        } catch (UnsupportedEncodingException impossible) {
            throw new IllegalStateException("every Java has UTF-8");
        }
    }

    /** Strict, unlike the library's decoder, which makes U+FFFD of bytes that are no UTF-8. */
    private static String decode(String text) throws BusylampRefusal {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(text.length());
        for (int at = 0; at < text.length(); at++) {
            char c = text.charAt(at);
            if (c == '+') {
                bytes.write(' ');
            } else if (c == '%') {
                boolean whole = at + 2 < text.length();
                int high = whole ? Character.digit(text.charAt(at + 1), 16) : -1;
                int low = whole ? Character.digit(text.charAt(at + 2), 16) : -1;
                if (high < 0 || low < 0) {
                    throw BusylampRefusal.badRequest("a line is not form-encoded");
                }
                bytes.write(high << 4 | low);
                at += 2;
            } else if (c > 0x20 && c < 0x7f) {
                bytes.write(c);
            } else {
                throw BusylampRefusal.badRequest("a line is not form-encoded");
            }
        }
        try {
            return UTF_8.newDecoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .onUnmappableCharacter(CodingErrorAction.REPORT)
                    .decode(ByteBuffer.wrap(bytes.toByteArray()))
                    .toString();
        } catch (CharacterCodingException malformed) {
            throw BusylampRefusal.badRequest("a line is not UTF-8");
        }
    }
}
