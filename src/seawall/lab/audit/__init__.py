"""The black box: does a connector amplify, lose, cut or double? Cases are data; a connector is a stranger."""
