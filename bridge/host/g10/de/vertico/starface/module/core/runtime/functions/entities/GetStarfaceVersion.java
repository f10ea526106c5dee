package de.vertico.starface.module.core.runtime.functions.entities;

import de.vertico.starface.module.core.runtime.IBaseExecutable;
import de.vertico.starface.module.core.runtime.IRuntimeEnvironment;

public class GetStarfaceVersion implements IBaseExecutable {
    public static String told = "";
    public String label = "STARFACE";
    public String version;

    @Override
    public void execute(IRuntimeEnvironment context) {
        version = told;
    }
}
