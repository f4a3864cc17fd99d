-- What is loaded is no longer known: all of it is loaded anew.
DELETE FROM "${schema}"."${facts}"
