package busylamp.host;

/** One generation of the PBX: its classes, in a class loader of their own. */
public interface Generation {
    /** What a function is given. */
    Object environment();

    /** The PBX restarts: nobody is subscribed any more. */
    void restart();

    /** How many listeners are subscribed. */
    int subscribers();

    /** Somebody presses the key. */
    void dndByHand(int account, boolean on);

    /** Somebody, or something, sets presence and text; `from` is what the PBX tells of it. */
    void chatByHand(int account, String presence, String text, String from);

    /** A telephone is picked up or put down. */
    void telephony(int account, String state);

    /** Whether the PBX is still starting: no component is handed out yet. */
    void starting(boolean on);

    /** Events stay on their way until they are let go. */
    void hold(boolean on);

    /** Waits until all events have been delivered. */
    void settle() throws Exception;
}
