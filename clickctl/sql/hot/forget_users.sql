-- Nobody knows any more which days they are of; each comes back with the days that are loaded.
DELETE FROM "${schema}"."${users}"
