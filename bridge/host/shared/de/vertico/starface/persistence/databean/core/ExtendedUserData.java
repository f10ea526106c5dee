package de.vertico.starface.persistence.databean.core;

public class ExtendedUserData {
    private final int account;
    private final boolean dnd;

    public ExtendedUserData(int account, boolean dnd) {
        this.account = account;
        this.dnd = dnd;
    }

    public int getAccountId() {
        return account;
    }

    public boolean isDnd() {
        return dnd;
    }

    public String getEmail() {
        return "u" + account + "@example.com";
    }
}
