import de.vertico.starface.module.core.runtime.IRuntimeEnvironment;
import java.nio.charset.Charset;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** The bridge's language: a request in, a response out, whatever happens. */
final class BusylampProtocol {
    private static final int SHORTEST_KEY = 32;
    private static final int MOST_RECORDS = 500;
    private static final long LONGEST_WAIT = 25;
    /** Longest request, in characters: 500 records with long texts take a part of it. */
    private static final int LONGEST_REQUEST = 8 << 20;

    private BusylampProtocol() {
    }

    static String answer(IRuntimeEnvironment context, String key, String configured, String request) {
        try {
            check(key, configured);
            if (request == null) {
                throw BusylampRefusal.badRequest("request is no text");
            }
            if (request.length() > LONGEST_REQUEST) {
                throw BusylampRefusal.badRequest("the request is too long");
            }
            return BusylampRecord.write(carryOut(context, BusylampRecord.read(request)));
        } catch (BusylampRefusal refusal) {
            return refused(refusal.code, refusal.getMessage());
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
            return refused("internal", "the PBX is being stopped");
        } catch (Exception fault) {
            // Its message may repeat a text: its class has to do.
            return refused("internal", "the bridge failed: " + fault.getClass().getSimpleName());
        } catch (LinkageError fault) {
            return refused("internal", "this PBX is not one of those that the bridge knows: " + fault.getClass().getSimpleName());
        }
    }

    private static String refused(String code, String message) {
        BusylampRecord header = new BusylampRecord().with("v", "1").with("ok", "false").with("error", code);
        return BusylampRecord.write(Collections.singletonList(header.with("message", message)));
    }

    private static void check(String key, String configured) throws BusylampRefusal, NoSuchAlgorithmException {
        if (configured == null || configured.codePointCount(0, configured.length()) < SHORTEST_KEY) {
            throw new BusylampRefusal("bad_key", "the module instance has no key of at least 32 characters");
        }
        if (key == null || !MessageDigest.isEqual(hash(key), hash(configured))) {
            throw new BusylampRefusal("bad_key", "the key is wrong");
        }
    }

    /** Of equal length whatever the key is, so that the comparison takes the same time. */
    private static byte[] hash(String key) throws NoSuchAlgorithmException {
        return MessageDigest.getInstance("SHA-256").digest(key.getBytes(Charset.forName("UTF-8")));
    }

    private static List<BusylampRecord> carryOut(IRuntimeEnvironment context, List<BusylampRecord> lines) throws Exception {
        if (lines.isEmpty()) {
            throw BusylampRefusal.badRequest("the request is empty");
        }
        BusylampRecord header = lines.get(0);
        List<BusylampRecord> records = lines.subList(1, lines.size());
        if (!"1".equals(header.get("v"))) {
            throw BusylampRefusal.badRequest("this bridge speaks v=1");
        }
        String what = header.get("do");
        if ("info".equals(what)) {
            return BusylampBridge.at(context).info();
        }
        if ("states".equals(what)) {
            return BusylampBridge.at(context).states(accounts(records));
        }
        if ("apply".equals(what)) {
            if (records.size() > MOST_RECORDS) {
                throw BusylampRefusal.badRequest("at most " + MOST_RECORDS + " records");
            }
            accounts(records);
            return BusylampBridge.at(context).apply(records);
        }
        if ("events".equals(what)) {
            String since = header.get("since");
            if (since == null) {
                throw BusylampRefusal.badRequest("since is missing");
            }
            return BusylampBridge.at(context).events(since, seconds(header.get("wait")));
        }
        if ("describe".equals(what)) {
            return BusylampBridge.at(context).describe();
        }
        throw new BusylampRefusal("unsupported", "this bridge knows info, states, apply, events and describe");
    }

    private static List<String> accounts(List<BusylampRecord> records) throws BusylampRefusal {
        List<String> accounts = new ArrayList<String>();
        for (BusylampRecord record : records) {
            String account = record.get("account");
            if (account == null) {
                throw BusylampRefusal.badRequest("a record has no account");
            }
            accounts.add(account);
        }
        return accounts;
    }

    private static long seconds(String wait) throws BusylampRefusal {
        if (wait == null) {
            return 0;
        }
        if (!wait.matches("[0-9]{1,9}")) {
            throw BusylampRefusal.badRequest("wait is a number of seconds");
        }
        return Math.min(Long.parseLong(wait), LONGEST_WAIT);
    }
}
