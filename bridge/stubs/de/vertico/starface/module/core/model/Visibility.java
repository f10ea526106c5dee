package de.vertico.starface.module.core.model;

public enum Visibility {
    Private,
    Public
}
