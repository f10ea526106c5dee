package de.vertico.starface.persistence.connector;

import busylamp.pbx.Core;

public class PersonAndAccountHandler {
    private final Core pbx;

    public PersonAndAccountHandler(Core pbx) {
        this.pbx = pbx;
    }

    /** It looks like it and is not: a right, not a state. */
    public void setDndPermission(int account, boolean on) {
        throw new IllegalStateException("this was not asked for");
    }

    public boolean isDnd(int account) {
        throw new IllegalStateException("this was not asked for");
    }
}
