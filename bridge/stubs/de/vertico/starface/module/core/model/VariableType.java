package de.vertico.starface.module.core.model;

public enum VariableType {
    STRING,
    NUMBER,
    BOOLEAN,
    LIST,
    MAP,
    OBJECT
}
