package de.starface.bo;

public class BusinessObjects {
    private final UserStateBusinessObject states;

    public BusinessObjects(UserStateBusinessObject states) {
        this.states = states;
    }

    public UserStateBusinessObject getUserStateBO() {
        return states;
    }
}
