SELECT count(*)
FROM "${schema}"."${users}"
