/** Why a call, or a record, is not carried out. Its message never repeats what was sent. */
final class BusylampRefusal extends Exception {
    private static final long serialVersionUID = 1L;

    final String code;

    BusylampRefusal(String code, String message) {
        super(message, null, false, false);
        this.code = code;
    }

    static BusylampRefusal badRequest(String message) {
        return new BusylampRefusal("bad_request", message);
    }
}
